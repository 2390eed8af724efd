"""The panel's help, in the lecture's terms; what each decoder does stands in its declaration."""

from __future__ import annotations

from engine.messages import STRATEGIES

_BEFORE = """
**Decoding.** A model gives p(yₜ | y₍<t₎, x), the next token's distribution. A decoder turns it into a sentence.
"""
_AFTER = """
**Length normalisation.** log p falls with every token, so plain log p favours short sentences. Finished sentences are
compared by

> score(y) = log p(y) / |y|ᵃ  (power)   or   log p(y) / ((5 + |y|) / 6)ᵃ  (GNMT, with coverage β)

The slider under **Length penalty** ranks the finished set anew, without a new search.

**Search error or model error?** If the reference, or another decoder's sentence, has a higher score under the same
model than what was found, the search missed it: a *search error*. If the model prefers its own bad sentence, the
*model* errs.

In the tree, edges are as wide as their token is probable; ✓ lives, ✗ was pruned (with the reason and how much was
missing), ■ is a finished sentence; the marked path is the sentence looked at. Click a node or token to look at it,
double-click to force that prefix and search on. **C** goes to the closest call, **P** folds, **F** gives the view all
the room. Space plays, ← → step.
"""


def _help() -> str:
    decoders = "\n\n".join(f"**{i.label[0].upper()}{i.label[1:]}.** {i.help}" for i in STRATEGIES.values())
    return f"{_BEFORE}\n{decoders}\n{_AFTER}"


HELP = _help()
