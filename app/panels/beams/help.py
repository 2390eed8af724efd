"""The panel's help, in the lecture's terms."""

HELP = """
**Decoding.** A model gives p(yₜ | y₍<t₎, x), the next token's distribution. A decoder turns it into a sentence.

**Beam search** keeps the *k* likeliest prefixes at each step, by log p(y) = Σₜ log p(yₜ | y₍<t₎, x); greedy search is
*k* = 1. It is not exact: the right sentence is lost when one of its prefixes falls below the cut.

**Length normalisation.** log p falls with every token, so plain log p favours short sentences. Finished sentences are
compared by

> score(y) = log p(y) / |y|ᵃ  (power)   or   log p(y) / ((5 + |y|) / 6)ᵃ  (GNMT, with coverage β)

The slider under **Length penalty** ranks the finished set anew, without a new search.

**Diverse groups**: each group pays λ nats for a token that an earlier group has just used.

**Stochastic beam** (Gumbel-top-k): add Gumbel noise to log p(y) of whole sentences and take the *k* largest: a sample
without replacement, found from the top down: the maximum over children is made to equal the parent's.

**Minimum Bayes risk**: draw sentences, take argmax over y of the mean over y' of u(y, y'), with u chrF or BLEU.

**Search error or model error?** If the reference, or another decoder's sentence, has a higher score under the same
model than what was found, the search missed it: a *search error*. If the model prefers its own bad sentence, the
*model* errs.

In the tree, edges are as wide as their token is probable; ✓ lives, ✗ was pruned (with the reason and how much was
missing), ■ is a finished sentence; the marked path is the sentence looked at. Click a node or token to look at it,
double-click to force that prefix and search on. **C** goes to the closest call, **P** folds, **F** gives the view all
the room. Space plays, ← → step.
"""
