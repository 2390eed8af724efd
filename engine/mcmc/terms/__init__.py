"""The terms of the target: a file each, named here beside the message that asks for it."""

from collections.abc import Callable
from typing import Any

from engine.mcmc.terms.fluency import Fluency
from engine.mcmc.terms.length import Length
from engine.mcmc.terms.protocol import Edits, Material, Term
from engine.mcmc.terms.similarity import Similarity
from engine.messages import sampling

TERMS: dict[type[sampling.TargetTerm], Callable[[Any, Material], Term]] = {
    sampling.Fluency: lambda asked, material: Fluency(),
    sampling.Similarity: lambda asked, material: Similarity.to_source(material, keep=asked.keep),
    sampling.Length: lambda asked, material: Length(asked.goal),
}
"""How each kind that a request may ask for is made; raises ValueError with one sentence where it cannot be."""

__all__ = ["TERMS", "Edits", "Fluency", "Length", "Material", "Similarity", "Term"]
