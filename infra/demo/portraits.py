"""Portraits of invented people: friendly abstract faces, drawn, never photographs.

A portrait follows from the seed, the person and the kind of photograph; the face is the same in
both kinds, the background and clothes differ.
"""

import io
from random import Random
from typing import NamedTuple

from PIL import Image, ImageDraw

from chalicelib.domain.records import PhotoKind

SIZE = (240, 320)
_SCALE = 2
_QUALITY = 86

_SKINS = ("#f6d7bd", "#f0c8a4", "#e6b58c", "#d9a177", "#c98e66")
_HAIRS = ("#1d1a1a", "#2b2020", "#3a2a20", "#4a3426", "#55504e")
_IRISES = ("#2a1c14", "#3b2616", "#1f2430")
_CLOTHES = ("#2f4a7a", "#7a2f3f", "#2f6b57", "#5b4a7a", "#3d3d46", "#8a5a2b", "#f2f2ee")
_BACKGROUNDS: dict[PhotoKind, tuple[str, ...]] = {
    "admission": ("#bcd7ee", "#c9e2d4", "#e4ddc6"),
    "graduation": ("#3b7fc4", "#4a8fd0", "#2f6fb0"),
}


class _Face(NamedTuple):
    """What stays the same in all portraits of a person."""

    skin: str
    hair: str
    iris: str
    width: int
    height: int
    eyes: int
    smile: int
    long_hair: bool
    glasses: bool
    parting: int


def portrait(seed: int, index: int, *, sex: str, kind: PhotoKind) -> bytes:
    """A JPEG of SIZE pixels, some kilobytes, the same for the same arguments."""
    face = _face(Random(f"{seed}/{index}/face"), sex)
    rng = Random(f"{seed}/{index}/{kind}")
    image = Image.new("RGB", (SIZE[0] * _SCALE, SIZE[1] * _SCALE), rng.choice(_BACKGROUNDS[kind]))
    draw = ImageDraw.Draw(image)
    _draw_hair_behind(draw, face)
    _draw_body(draw, face, rng.choice(_CLOTHES))
    _draw_head(draw, face)
    _draw_features(draw, face)
    _draw_fringe(draw, face)
    encoded = io.BytesIO()
    image.resize(SIZE, Image.Resampling.BOX).save(encoded, "JPEG", quality=_QUALITY)
    return encoded.getvalue()


def _face(rng: Random, sex: str) -> _Face:
    return _Face(
        skin=rng.choice(_SKINS),
        hair=rng.choice(_HAIRS),
        iris=rng.choice(_IRISES),
        width=rng.randint(82, 98),
        height=rng.randint(108, 124),
        eyes=rng.randint(34, 44),
        smile=rng.randint(16, 34),
        long_hair=sex == "女" and rng.random() < 0.8,
        glasses=rng.random() < 0.35,
        parting=rng.randint(-40, 40),
    )


_CENTRE, _MIDDLE = 240, 316


def _box(x: int, y: int, width: int, height: int) -> tuple[int, int, int, int]:
    return x - width, y - height, x + width, y + height


def _draw_hair_behind(draw: ImageDraw.ImageDraw, face: _Face) -> None:
    length = 210 if face.long_hair else 20
    top = _MIDDLE - face.height - 26
    draw.rounded_rectangle(
        (_CENTRE - face.width - 26, top, _CENTRE + face.width + 26, _MIDDLE + length),
        radius=face.width + 20,
        fill=face.hair,
    )


def _draw_body(draw: ImageDraw.ImageDraw, face: _Face, clothes: str) -> None:
    draw.rounded_rectangle((60, 470, 420, 760), radius=110, fill=clothes)
    draw.rectangle(_box(_CENTRE, _MIDDLE + face.height + 20, 42, 70), fill=face.skin)
    collar = "#ffffff" if clothes != "#f2f2ee" else "#2f4a7a"
    draw.polygon([(176, 474), (240, 560), (198, 600)], fill=collar)
    draw.polygon([(304, 474), (240, 560), (282, 600)], fill=collar)


def _draw_head(draw: ImageDraw.ImageDraw, face: _Face) -> None:
    for side in (-1, 1):
        draw.ellipse(_box(_CENTRE + side * face.width, _MIDDLE + 10, 18, 28), fill=face.skin)
    draw.ellipse(_box(_CENTRE, _MIDDLE, face.width, face.height), fill=face.skin)


def _draw_features(draw: ImageDraw.ImageDraw, face: _Face) -> None:
    for side in (-1, 1):
        x = _CENTRE + side * face.eyes
        draw.ellipse(_box(x, _MIDDLE - 8, 16, 10), fill="#ffffff")
        draw.ellipse(_box(x, _MIDDLE - 8, 8, 9), fill=face.iris)
        draw.arc(_box(x, _MIDDLE - 26, 22, 14), 200, 340, fill=face.hair, width=6)
        draw.ellipse(_box(x + side * 16, _MIDDLE + 34, 16, 9), fill="#e9a39a")
        if face.glasses:
            draw.ellipse(_box(x, _MIDDLE - 8, 30, 26), outline="#33343a", width=5)
    if face.glasses:
        bridge = (_CENTRE - face.eyes + 30, _MIDDLE - 10, _CENTRE + face.eyes - 30, _MIDDLE - 10)
        draw.line(bridge, fill="#33343a", width=5)
    draw.arc(_box(_CENTRE, _MIDDLE + 22, 12, 10), 20, 160, fill="#a9745a", width=4)
    draw.arc(_box(_CENTRE, _MIDDLE + 54, face.smile, 18), 15, 165, fill="#a8433f", width=6)


def _draw_fringe(draw: ImageDraw.ImageDraw, face: _Face) -> None:
    top = _MIDDLE - face.height
    parting = _CENTRE + face.parting
    for edge in (_CENTRE - face.width - 14, _CENTRE + face.width + 14):
        draw.polygon(
            [(parting, top - 20), (parting, top + 16), (edge, top + 84), (edge, top + 20)],
            fill=face.hair,
        )
