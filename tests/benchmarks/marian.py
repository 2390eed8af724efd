"""The peers of the decoding benchmark: our weights in transformers' Marian and in CTranslate2."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch

from engine.models.transformer_translator import Translator
from engine.text import BOS, EOS, PAD

PEERS = ("transformers", "ctranslate2")


def absent() -> list[str]:
    """Peers that are not installed; the second is made of the first's model."""
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    return list(PEERS) if "transformers" in missing else missing


def their_model(ours: Translator) -> Any:
    """The same weights in transformers."""
    from transformers import MarianConfig, MarianMTModel

    shape = ours.config
    config = MarianConfig(
        vocab_size=shape.vocabulary,
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.feed_forward,
        decoder_ffn_dim=shape.feed_forward,
        activation_function="relu",
        scale_embedding=True,
        max_position_embeddings=128,
        pad_token_id=PAD,
        eos_token_id=EOS,
        bos_token_id=BOS,
        decoder_start_token_id=BOS,
        forced_eos_token_id=None,
        use_cache=True,
        tie_word_embeddings=True,
        share_encoder_decoder_embeddings=True,
    )
    theirs = MarianMTModel(config).eval()
    state: dict[str, torch.Tensor] = {"model.shared.weight": ours.embedding.weight}
    for side, layers in (("encoder", ours.encoder), ("decoder", ours.decoder)):
        for i, layer in enumerate(layers):
            state |= _layer(layer, f"model.{side}.layers.{i}.")
    missing, unexpected = theirs.load_state_dict(state, strict=False)
    tied = ("embed_tokens.weight", "embed_positions.weight", "final_logits_bias", "lm_head.weight")
    assert not unexpected, unexpected
    assert all(name.endswith(tied) for name in missing), missing
    theirs.tie_weights()
    return theirs


def _layer(layer: Any, prefix: str) -> dict[str, torch.Tensor]:
    out: dict[str, torch.Tensor] = {}

    def put(name: str, part: Any) -> None:
        out[f"{prefix}{name}.weight"], out[f"{prefix}{name}.bias"] = part

    def split(linear: torch.nn.Linear, names: list[str]) -> None:
        for name, *pair in zip(names, linear.weight.chunk(len(names)), linear.bias.chunk(len(names)), strict=True):
            put(name, pair)

    def whole(name: str, module: Any) -> None:
        put(name, (module.weight, module.bias))

    split(layer.attention.qkv, [f"self_attn.{p}_proj" for p in "qkv"])
    whole("self_attn.out_proj", layer.attention.out)
    whole("self_attn_layer_norm", layer.attention_norm)
    if layer.cross is not None:
        whole("encoder_attn.q_proj", layer.cross.query)
        split(layer.cross.kv, ["encoder_attn.k_proj", "encoder_attn.v_proj"])
        whole("encoder_attn.out_proj", layer.cross.out)
        whole("encoder_attn_layer_norm", layer.cross_norm)
    whole("fc1", layer.feed.inner)
    whole("fc2", layer.feed.out)
    whole("final_layer_norm", layer.feed_norm)
    return out


def ctranslate2_model(theirs: Any, folder: Path) -> Any:
    """The same weights in CTranslate2, float32, one thread."""
    import ctranslate2
    from ctranslate2.converters.transformers import MarianMTLoader

    loader = MarianMTLoader()
    loader._remove_pad_weights = lambda spec: None  # there the last entry is the padding, here the first
    spec = loader.get_model_spec(theirs)
    names = ["<pad>", "<unk>", "<s>", "</s>", *(f"t{i}" for i in range(4, theirs.config.vocab_size))]
    spec.register_source_vocabulary(names)
    spec.register_target_vocabulary(names)
    spec.config.decoder_start_token = "<s>"
    spec.config.bos_token = "<s>"
    spec.config.eos_token = "</s>"
    spec.config.unk_token = "<unk>"
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))
    return ctranslate2.Translator(str(folder), compute_type="float32", inter_threads=1, intra_threads=1)
