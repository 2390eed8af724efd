"""Searches against transformers and CTranslate2: the same weights, one torch thread, exactly 32 new tokens.

The peer is a Marian-shaped encoder-decoder: width 256, 3 + 3 layers, 4 heads, inner width 1024, vocabulary 8,000.
Before anything is timed, beam 5 must give the same sentences and scores as transformers on natural lengths.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from engine.messages import SearchOptions, with_preset
from engine.models.translation import Translator, TranslatorConfig
from engine.search.decode import Decoding
from engine.search.prepare import Start
from engine.search.ranking import order
from engine.search.trace import Trace
from engine.text import BOS, EOS, PAD, UNK
from tests.benchmarks.rows import Row

VOCABULARY, WIDTH, LAYERS, HEADS, INNER, NEW, SOURCE = 8000, 256, 3, 4, 1024, 32, 20
ROUNDS = 7


class Pieces:
    """Names of tokens, for the trace."""

    def pieces(self, ids: list[int]) -> list[str]:
        return [str(i) for i in ids]


def our_model() -> Translator:
    """Random weights in Marian's shape."""
    torch.manual_seed(5)
    config = TranslatorConfig(
        vocabulary=VOCABULARY,
        width=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        heads=HEADS,
        feed_forward=INNER,
        norm="post",
    )
    tokenizer: Any = None
    model = Translator(config, tokenizer).eval().requires_grad_(False)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            parameter.add_(torch.randn_like(parameter), alpha=0.6 * float(parameter.std()))
    return model


def lean_to_the_end(model: Translator, nats: float) -> Translator:
    """Make the end mark likelier everywhere: random weights would hardly ever end a sentence."""
    end = model.embedding.weight[EOS]
    last: Any = model.decoder[-1]
    last.feed_norm.bias += end * nats / end.square().sum()
    return model


def their_model(ours: Translator) -> Any:
    """The same weights in transformers."""
    from transformers import MarianConfig, MarianMTModel

    config = MarianConfig(
        vocab_size=VOCABULARY,
        d_model=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=INNER,
        decoder_ffn_dim=INNER,
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


def agreement(ours: Translator, theirs: Any, *, sentences: int = 24, beam: int = 5, longest: int = 30) -> int:
    """Assert that both give the same five best sentences and scores; how many inputs were compared."""
    generator = torch.Generator().manual_seed(0)
    options = SearchOptions(beam=beam, max_length=longest - 1, min_length=2, no_repeat_ngram=2)
    options = with_preset(options, "as transformers")
    compared = 0
    for _ in range(sentences):
        source = torch.randint(4, VOCABULARY, (8,), generator=generator).tolist()
        out = theirs.generate(
            torch.tensor([[*source, EOS]]),
            num_beams=beam,
            num_return_sequences=beam,
            max_new_tokens=longest,
            min_new_tokens=2,
            no_repeat_ngram_size=2,
            suppress_tokens=[PAD, UNK, BOS],
            do_sample=False,
            length_penalty=1.0,
            early_stopping=False,
            return_dict_in_generate=True,
            output_scores=True,
        )
        if not all(EOS in row for row in out.sequences.tolist()):
            continue  # the two differ in what they do at the maximum length
        sequences = [row[1 : row.index(EOS) + 1] for row in out.sequences.tolist()]
        found = search(ours, [source], options)
        got = [(n.tokens(), s) for n, s in order(options, found.frontiers)][:beam]
        assert [t for t, _ in got] == sequences
        assert torch.allclose(torch.tensor([s for _, s in got]), out.sequences_scores, atol=1e-4)
        compared += 1
    assert compared >= sentences // 3, f"only {compared} of {sentences} inputs ended by themselves"
    return compared


def search(model: Translator, sources: list[list[int]], options: SearchOptions, *, trace: bool = False) -> Decoding:
    """Our whole search, encoder included."""
    reader = model.condition(sources)
    names: Any = Pieces()
    start = Start(reader, reader.begin(len(sources)), names, (), True)
    run = Decoding(start.reader, start.state, options, record=trace)
    writer = Trace(names, options, 12)
    for i, decisions in enumerate(run):
        if trace:
            writer.step(i, decisions, 0.0)
    return run


def ctranslate2_model(theirs: Any, folder: Path) -> Any:
    """The same weights in CTranslate2, float32, one thread."""
    import ctranslate2
    from ctranslate2.converters.transformers import MarianMTLoader

    loader = MarianMTLoader()
    loader._remove_pad_weights = lambda spec: None  # there the last entry is the padding, here the first
    spec = loader.get_model_spec(theirs)
    names = ["<pad>", "<unk>", "<s>", "</s>", *(f"t{i}" for i in range(4, VOCABULARY))]
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


def measure(calls: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU milliseconds of each call, in turns: what else the machine does disturbs that least."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for i in range(rounds + 1):
        for name, call in calls.items():
            started = time.process_time()
            call()
            if i:  # the first round warms up
                seconds[name].append(time.process_time() - started)
    return {name: 1000 * statistics.median(values) for name, values in seconds.items()}


def rows() -> list[Row]:
    """Greedy and beam 5 on one sentence, beam 5 on sixteen, and what the trace costs."""
    torch.set_num_threads(1)
    ours = our_model()
    theirs = their_model(ours)
    out: list[Row] = []
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        ending = lean_to_the_end(our_model(), 5.0)
        same = agreement(ending, their_model(ending))
        out.append(Row("beam 5 equals transformers' sentences and scores", same, "inputs", "all compared"))
        peer = ctranslate2_model(theirs, Path(folder))
        generator = torch.Generator().manual_seed(1)
        sources = torch.randint(4, VOCABULARY, (16, SOURCE), generator=generator).tolist()
        for label, many, beam, target in (
            ("1 sentence, greedy", 1, 1, 0.35),
            ("1 sentence, beam 5", 1, 5, 0.35),
            ("16 sentences, beam 5", 16, 5, 0.6),
        ):
            out += _timed(label, ours, theirs, peer, sources[:many], beam, target)
    return out


def _timed(
    label: str, ours: Translator, theirs: Any, peer: Any, sources: list[list[int]], beam: int, target: float
) -> list[Row]:
    options = SearchOptions(
        strategy="beam" if beam > 1 else "greedy", beam=beam, min_length=NEW, max_length=NEW, stop="patience"
    )
    tensor = torch.tensor([[*s, EOS] for s in sources])
    words = [[f"t{t}" for t in s] + ["</s>"] for s in sources]
    calls: dict[str, Callable[[], object]] = {
        "transformers": lambda: theirs.generate(
            tensor, num_beams=beam, do_sample=False, min_new_tokens=NEW, max_new_tokens=NEW
        ),
        "ctranslate2": lambda: peer.translate_batch(
            words, beam_size=beam, min_decoding_length=NEW, max_decoding_length=NEW
        ),
        "ours": lambda: search(ours, sources, options),
    }
    found = measure(calls)
    calls["traced"] = lambda: search(ours, sources, options, trace=True)
    ratio = found["ours"] / found["transformers"]
    out = [
        Row(f"{label}: to transformers", found["ours"], "ms", f"ratio <= {target}", ratio),
        Row(
            f"{label}: to CTranslate2 float32",
            found["ctranslate2"],
            "ms there",
            "",
            found["ours"] / found["ctranslate2"],
        ),
    ]
    if len(sources) == 1:  # batches are never traced
        cost = measure({name: calls[name] for name in ("ours", "traced")}, 3 * ROUNDS)
        more = cost["traced"] / cost["ours"]
        out.append(Row(f"{label}: whole trace recorded", 100 * (more - 1), "% more", "<= 15 %", more))
    return out
