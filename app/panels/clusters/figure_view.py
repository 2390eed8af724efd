"""The eight-panel figure in the hero's place, with copy and save."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget


class Picture(QWidget):
    """A picture as large as it fits, never larger than it is."""

    def __init__(self) -> None:
        super().__init__()
        self.image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(240, 160))
        self.setAccessibleName("Eight-panel figure")

    def paintEvent(self, event: QPaintEvent) -> None:
        """In the middle."""
        if self.image.isNull():
            return
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        room = QSize(round(self.width() * ratio), round(self.height() * ratio)).boundedTo(self.image.size())
        scaled = self.image.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        scaled.setDevicePixelRatio(ratio)
        size = scaled.deviceIndependentSize()
        painter.drawImage(round((self.width() - size.width()) / 2), round((self.height() - size.height()) / 2), scaled)


class FigureView(QWidget):
    """Signals say what is to be done with the picture."""

    closed = Signal()
    copy_wanted = Signal()
    save_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.picture = Picture()
        self.title = QLabel("How the components move apart, or fall together")
        self.title.setProperty("role", "heading")
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.caption = QLabel(wordWrap=True, minimumWidth=1)
        self.caption.setProperty("role", "caption")
        self.back, self.copy, self.save = QPushButton("Back to the map"), QPushButton("Copy"), QPushButton("Save…")
        self.back.setToolTip("Show the map again (Esc)")
        self.copy.setToolTip("Put the picture on the clipboard at full size")
        self.save.setToolTip("Save the picture as PNG at full size")
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        for button, signal in ((self.copy, self.copy_wanted), (self.save, self.save_wanted), (self.back, self.closed)):
            head.addWidget(button)
            button.clicked.connect(signal)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 8)
        layout.addLayout(head)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.caption)

    def show_picture(self, image: QImage, caption: str) -> None:
        """Another picture."""
        self.picture.image = image
        self.caption.setText(caption)
        self.picture.update()
