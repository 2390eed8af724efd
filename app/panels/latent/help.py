"""What the latent panel's help says, in the lecture's terms."""

HELP = """
## Latent space of a text VAE

An encoder turns a sentence *x* into a Gaussian posterior *q(z|x)* over a point *z*; a decoder turns any point back
into a distribution over sentences, *p(x|z)*. Both are trained to maximise the **evidence lower bound**

    log p(x) ≥ ELBO = E_q(z|x)[ log p(x|z) ] - KL( q(z|x) ‖ p(z) )

The first term asks that the sentence can be read back from its point. The second pulls every posterior towards the
prior *p(z) = N(0, I)*, so that the space between sentences is filled: a point drawn from the prior decodes to a
sentence. A plain **autoencoder** has only the first term. Its sentences sit in islands, and between them nothing was
ever trained.

**Posterior collapse.** A strong decoder can do without *z*: then KL goes to 0, every point gives the same sentence,
and the panel says so. Look at three figures together: KL (nats a sentence), the mutual information of *z* and *x*
under *q*, and the number of active units (dimensions whose posterior mean varies over sentences).

### With the hand
- **Drag**: the point asked for is solid, the point whose sentence you read is a ring. While you drag, decoding is
  greedy; on release the full search is done. Points overtaken by a newer one are dropped and counted.
- **Shift**: fine. **Wheel**: the third axis (Page Up, Page Down). **Arrows**: steps.
- **Double click**: a sample of the prior. **Ctrl + click**: go to a point. **Alt + drag**: lasso.
- **Ctrl + wheel**: nearer and farther. **Right or middle button**: pull the plane.
- Circles are 1, 2 and 3 standard deviations of the prior where the plane cuts it; beyond the third the ground is
  darker.

### Layers
*Density* is the aggregate posterior, the mean of *q(z|x)* over sentences, projected on the plane. *Where the sentence
changes* decodes a coarse grid and shows the share of words edited from one cell to the next. *How sure the decoder
is* shows the mean probability of a word: holes of an autoencoder are dark.
"""
