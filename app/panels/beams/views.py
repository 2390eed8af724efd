"""The hero's lower half: one decoder's search as a tree, its tokens, its attention, its scores by length."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.beams.batch_view import BatchView
from app.theme import Theme
from app.widgets.attention_map import AttentionMap
from app.widgets.fields import NumberField
from app.widgets.score_curve import ScoreCurve
from app.widgets.search_tree import SearchTree
from app.widgets.token_columns import TokenColumns
from app.widgets.tree_layout import Fold

VIEWS = (
    ("tree", "Tree", "The search itself: what lived, what was pruned, and why"),
    ("tokens", "Tokens", "How probable each token was and what else could have stood there"),
    ("attention", "Attention", "What each written token read in the source"),
    ("length", "Length penalty", "Rank the finished sentences anew, without a new search"),
    ("batch", "Batch", "A file of sentences through every decoder: quality against speed"),
)
FOLDS: tuple[tuple[Fold, str, str], ...] = (
    ("folded", "none", "Only what lives and what was found"),
    ("step", "this step", "What was pruned in the step shown, and what died with it"),
    ("all", "all", "Everything that was ever looked at"),
)


class BeamsViews(QWidget):
    """A row of buttons over the five views."""

    view_chosen = Signal(str)
    fold_wanted = Signal()  # the next way of folding
    focus_wanted = Signal()
    penalty_changed = Signal(object)  # float, or None for the one searched with
    search_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.tree = SearchTree(theme=theme)
        self.tokens = TokenColumns(theme=theme)
        self.attention = AttentionMap(theme=theme)
        self.curve = ScoreCurve(theme=theme)
        self.batch = BatchView(theme=theme)
        self._stack = QStackedWidget()
        for widget in (self.tree, _scrolled(self.tokens), _scrolled(self.attention), self._build_length(), self.batch):
            self._stack.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._build_bar())
        layout.addWidget(self._stack, 1)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.show_view("tree")
        self.show_fold("step")

    def _build_bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setContentsMargins(10, 4, 10, 2)
        bar.setSpacing(2)
        self._buttons = QButtonGroup(self)
        for index, (name, text, tip) in enumerate(VIEWS):
            button = QToolButton(text=text, checkable=True, autoRaise=True)
            button.setToolTip(f"{tip} (Alt+{index + 1})")
            button.clicked.connect(lambda _=False, n=name: self.view_chosen.emit(n))
            self._buttons.addButton(button, index)
            bar.addWidget(button)
        bar.addStretch(1)
        self.folding = QToolButton(autoRaise=True)
        self.folding.clicked.connect(lambda: self.fold_wanted.emit())
        bar.addWidget(self.folding)
        self.focus = QToolButton(text="Focus", checkable=True, autoRaise=True)
        self.focus.setToolTip("All the room for this view; only the chosen decoder's lane stays (F)")
        self.focus.clicked.connect(lambda: self.focus_wanted.emit())
        bar.addWidget(self.focus)
        return bar

    def _build_length(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(14, 4, 14, 8)
        row = QHBoxLayout()
        self.penalty = NumberField(
            "Length penalty a", -1, 3, 1, theme=self._theme, decimals=2, step=0.05, slider=True,
            tip="Turning it up favours longer sentences. The finished set is ranked anew; nothing is searched again",
        )  # fmt: skip
        self.penalty.value_changed.connect(lambda value: self.penalty_changed.emit(value))
        row.addWidget(self.penalty, 1)
        self.back = QPushButton("As searched")
        self.back.setToolTip("Back to the penalty that the search itself used")
        self.back.clicked.connect(lambda: self.penalty_changed.emit(None))
        self.again = QPushButton("Search with it")
        self.again.setToolTip(
            "Use this penalty in the search too: it decides when the search stops, so more may be found"
        )
        self.again.clicked.connect(lambda: self.search_wanted.emit())
        row.addWidget(self.back, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self.again, 0, Qt.AlignmentFlag.AlignBottom)
        column.addLayout(row)
        column.addWidget(self.curve, 1)
        return holder

    @property
    def view(self) -> str:
        """The view that is seen."""
        return VIEWS[self._stack.currentIndex()][0]

    def show_view(self, name: str) -> None:
        """Show a view by its name."""
        index = next((i for i, (n, _, _) in enumerate(VIEWS) if n == name), 0)
        self._stack.setCurrentIndex(index)
        self._buttons.button(index).setChecked(True)
        self.folding.setVisible(VIEWS[index][0] == "tree")

    def show_fold(self, name: str) -> None:
        """Show how much of what was pruned is seen."""
        index = next((i for i, (n, _, _) in enumerate(FOLDS) if n == name), 1)
        _, text, tip = FOLDS[index]
        self.folding.setText(f"Pruned: {text}")
        self.folding.setToolTip(f"{tip}. Click for the next way (P)")
        self.folding.setAccessibleName(f"Pruned branches shown: {text}")
        self.tree.set_fold(FOLDS[index][0])

    def show_attention(self, weights: object, written: list[str], read: list[str], hint: str) -> None:
        """Show attention, or say why there is none."""
        if isinstance(weights, np.ndarray) and weights.size:
            self.attention.show_attention(weights, written, read)
        else:
            self.attention.show_hint(hint)

    @Slot()
    def _restyle(self) -> None:
        for button in (self.folding, self.focus):
            button.setFont(self._theme.ui_font(11.5))


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(widget)
    return area
