"""Keeps the widgets in step with the panel: one place that reads its state and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.panels.beams import present
from app.panels.beams.decoders import Decoder, title
from app.panels.beams.growth import display, ids_of
from app.panels.beams.run import Run, as_searched, ranking
from app.panels.beams.verdict import judge
from app.widgets.tree_layout import TreeNode
from engine.messages import Hypothesis

if TYPE_CHECKING:
    from app.panels.beams.panel import BeamsPanel


class Shower:
    """Shows lanes, views, table and explanation of a panel."""

    def __init__(self, panel: BeamsPanel) -> None:
        self._panel = panel
        panel.views.tree.describe = self._describe

    @property
    def ranked(self) -> list[tuple[Hypothesis, float]]:
        """The chosen decoder's finished set, best first."""
        run, decoder = self._panel.run, self._panel.setup.decoder
        return ranking(run, decoder) if run is not None and decoder is not None else []

    @property
    def hypothesis(self) -> Hypothesis | None:
        """The sentence looked at."""
        ranked = self.ranked
        return ranked[min(self._panel.row, len(ranked) - 1)][0] if ranked else None

    def show(self) -> None:
        """Everything."""
        p = self._panel
        self._show_lanes()
        p.form.show_running(p.searches.running)
        p.history.show_hypotheses(self.ranked, p.row)
        self.show_tree(animate=False)
        self._show_view()
        self._show_explain()

    def _runs(self) -> dict[Decoder, Run]:
        p = self._panel
        return {d: p.searches.runs[d.id] for d in p.setup.decoders if d.id in p.searches.runs}

    def _show_lanes(self) -> None:
        p = self._panel
        runs = self._runs()
        lanes = []
        for number, decoder in enumerate(p.setup.decoders):
            if p.focused and decoder.id != p.setup.chosen:
                continue
            run = runs.get(decoder)
            stale = run is not None and run.request != p.setup.request(decoder)
            lanes.append(present.lane(number, decoder, run, runs, stale))
        p.hero.show_empty(not p.searches.runs and not p.batch.series)
        p.hero.show_lanes(lanes, p.setup.chosen, focused=p.focused)
        p.hero.lanes.choose_token(p.setup.chosen, p.token if p.token >= 0 and p.row == 0 else None)
        p.views.focus.setChecked(p.focused)

    def show_tree(self, *, animate: bool) -> None:
        """The tree at the player's step."""
        p, run, tree = self._panel, self._panel.run, self._panel.views.tree
        if run is None or not run.steps:
            tree.show_tree({}, 0)
            tree.show_hint("The search appears here as a tree, step by step." if run is None else run.wrong or run.note)
            return
        best = self.hypothesis
        final = [n.id for n in run.growth.follow(ids_of(best))] if best is not None else []
        options = run.request.options
        groups = options.diverse_groups if options.reads("groups") else 1
        tree.show_tree(run.growth.nodes, p.playhead.position, final=final, groups=groups, animate=animate)
        tree.choose(p.node)

    def _show_view(self) -> None:
        p, best, run = self._panel, self.hypothesis, self._panel.run
        if p.views.view == "tokens":
            p.views.tokens.show_choices(present.choices(best) if best else [])
            p.views.tokens.choose(p.token)
        elif p.views.view == "attention":
            self._show_attention(best, run)
        elif p.views.view == "length":
            self._show_length()

    def _show_attention(self, best: Hypothesis | None, run: Run | None) -> None:
        views = self._panel.views
        if best is None or run is None or run.done is None or best.attention is None:
            hint = "This model has no attention to a source." if best else "Attention appears here after a search."
            views.show_attention(None, [], [], hint)
            return
        read = [display(piece) for piece in run.done.source]
        columns = best.attention.shape[1]
        read += ["(end)"] * (columns - len(read))
        views.show_attention(best.attention, [present.named(t.piece) for t in best.tokens], read[:columns], "")
        views.attention.choose(self._panel.token)

    def _show_length(self) -> None:
        p, run, decoder = self._panel, self._panel.run, self._panel.setup.decoder
        if run is None or decoder is None or run.done is None:
            p.views.curve.show_hint("Length against score appears here after a search.")
            return
        decoder = as_searched(run, decoder)
        penalty = decoder.ranked_by.length_penalty if decoder.ranked_by.normalisation != "off" else 0.0
        p.views.penalty.set_value(penalty)
        p.views.back.setEnabled(decoder.penalty is not None)
        p.views.again.setEnabled(decoder.penalty is not None)
        p.views.curve.show_scores(present.scored(run, decoder), present.sweep(run, decoder), penalty, p.row)

    # --- explanation -----------------------------------------------------------------------------------------------

    def _show_explain(self) -> None:
        p, run, decoder = self._panel, self._panel.run, self._panel.setup.decoder
        ranked = self.ranked
        verdict = judge(decoder, run, self._runs()) if decoder is not None and run is not None else None
        if decoder is None or run is None or verdict is None or not ranked:
            p.explain.show_intro(run.wrong if run is not None else "")
            p.explain.show_place("", "", (), "")
            return
        best, score = ranked[min(p.row, len(ranked) - 1)]
        decoder = as_searched(run, decoder)
        where = f"decoder {p.setup.number(decoder.id) + 1}: {title(decoder)}"
        call = present.closest_call(run, best) if len(run.request.options.prefix_ids) < len(best.tokens) else ""
        p.explain.show_verdict(where, verdict, decoder, best, score, call)
        self._show_place(run, best)

    def _show_place(self, run: Run, best: Hypothesis) -> None:
        p = self._panel
        prefix = " ".join(display(run.growth.pieces.get(i, "")) for i in p.forced())
        if 0 <= p.token < len(best.tokens):
            token = best.tokens[p.token]
            where = f"token {p.token + 1} of {len(best.tokens)}: what else could have stood here"
            p.explain.show_place(f"“{display(token.piece)}”", where, present.token_bars(token), prefix)
        elif p.node is not None and p.node in run.growth.nodes:
            node = run.growth.nodes[p.node]
            text = self._describe(node)
            p.explain.show_place(f"step {node.born}: “{node.label}”", text, present.node_bars(run.growth, node), prefix)
        else:
            p.explain.show_place("", "", (), "")

    def _describe(self, node: TreeNode) -> str:
        return present.about(node)
