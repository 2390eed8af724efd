"""Loss terms and what bends them, as pure functions with the papers' symbols; recipes compose them by name.

B sentences, D latent dimensions. Terms are in nats and per sentence unless said.
"""
