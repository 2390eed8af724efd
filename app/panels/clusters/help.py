"""What the clusters panel's help says, in the lecture's terms."""

HELP = """
## Mixtures in the latent space: form or collapse

A **GMVAE** puts a mixture in front of the point: a component *c* is drawn first, then *z* from that component's
Gaussian, then the sentence from *z*.

    p(x, z, c) = p(x|z) p(z|c) p(c),    p(z|c) = N(μ_c, σ_c²)

Its bound is the reconstruction minus what the two latents cost:

    E_q log p(x|z)  -  KL( q(c|x) ‖ p(c) )  -  E_q(c|x) KL( q(z|x) ‖ p(z|c) )

Left alone, the means *μ_c* run together and *c* says nothing: **mode collapse**. The lecture's two theorems say why.

**Theorem 1.** Maximising the first cost, R_c, pushes a close upper bound of the variance of the means down:
*S = Σ_k (μ_φ - μ_k)ᵀ (μ_φ - μ_k)*, the squared distances from where a sentence is to every component.

**Theorem 2.** The second cost holds the variance of the means itself, with a minus sign:

    E_q(z|x) Σ_c q(c|x) log p(z|c) / q(z|x)  =  -KL( q(z|x) ‖ p̂(z|x) )  -  1/(2σ²) Var_q(c|x) μ_c

In general, for exponential families, the mixture's KL splits exactly into a **KL to the mean prior** (the Gaussian
with the averaged natural parameters) and a **dispersion** term, which is never negative.

**DGMVAE** keeps the first and weighs the second with β < 1 (*+ L_var*); and it takes KL( q(c) ‖ p(c) ) of the *mean* of
q(c|x) over sentences, so that the information I(x; c) costs nothing (*+ L_mi*):

    E log p(x|z)  -  KL( q(c) ‖ p(c) )  -  E KL( q(z|x) ‖ p̂(z|x) )  -  β E Var_q(c|x) μ_c

### On the map
- A **point** is a sentence at its posterior mean; its colour is the likeliest component (or its label), its
  opacity how sure that is. An **ellipse** is a component at 1 and 2 standard deviations, its line as thick as its
  weight, with its number and your name for it at the mean; of more than sixteen, at 1, its line as strong as its
  weight, and the heaviest numbered.
- **Hover** reads the sentence below. **Click** reads what the model says there; the other variables stay where they
  are. **Click a mean** (or press its digit) to read a component, **drag a mean** to hear its sentence change: only
  the point that is read moves, the model keeps its mean.
- **Shift + drag** lassoes, **Ctrl + click** adds a sentence, **double click on a mean** or a row of the list selects a
  component. The rest goes grey and stays. **Arrows, + and -, 0** move the window.
- **Two models** are shown on the same axes and in the same colours; what is done on one is done at the same place
  of the other.

### Is it a cluster?
Homogeneity asks whether sentences of one code have one label. It rises with the number of codes, and even a collapsed
model, whose responsibilities differ in the third decimal, gets some: so it stands beside the information I(x; c),
the variance of the means, the codes in use and N. Near 0 in the first two, the panel says *collapsed*.

### Sentences of your own
Drop a text file: one sentence a line, or columns, divided by tabs or as CSV, one of which may hold labels. Which
column holds what is found by its name or its content, said, and can be chosen anew. With labels the sentences take the
place of the points; a few without labels stand over them as diamonds.
"""
