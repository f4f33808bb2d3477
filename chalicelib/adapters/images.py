"""Uploaded pictures made harmless (A-14): checked before decoding, decoded, drawn anew.

What leaves here is a JPEG that this process wrote from pixels: no metadata, no second picture, no
bytes behind the end.
"""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from chalicelib.domain.errors import Refusal

MOST_BYTES = 5 * 1024 * 1024
MOST_PIXELS = 25_000_000
MOST_SCANS = 64
"""A progressive JPEG has about ten; each costs a pass over all pixels."""
MOST_SIDE = 65_000
"""JPEG's own limit is 65,535."""

_MAGIC = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n"}
_START_OF_SCAN = b"\xff\xda"
_QUALITY = 88

_UNREADABLE = (
    OSError,  # truncated or broken data, and what Pillow does not know
    SyntaxError,  # broken PNG chunks
    ValueError,  # broken headers, text chunks beyond Pillow's limits
    KeyError,
    IndexError,
    OverflowError,
    MemoryError,
    EOFError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Warning,  # where a process turns warnings into errors
)


class PillowImages:
    """`ImageChecker` by Pillow."""

    def cleaned(self, content: bytes) -> bytes:
        """See `ImageChecker.cleaned`."""
        kind = _kind_of(content)
        try:
            with Image.open(BytesIO(content), formats=[kind]) as image:
                _require_modest(image, kind)
                return _redrawn(image)
        except _UNREADABLE as error:
            raise Refusal("file_rejected", cause=type(error).__name__) from None

    def watermarked(self, content: bytes, text: str) -> bytes:
        """See `ImageChecker.watermarked`."""
        with Image.open(BytesIO(content), formats=["JPEG"]) as image:
            ground = image.convert("RGBA")
        marked = Image.alpha_composite(ground, _lines_of(text, ground.size)).convert("RGB")
        target = BytesIO()
        marked.save(target, format="JPEG", quality=_QUALITY)
        return target.getvalue()


def _lines_of(text: str, size: tuple[int, int]) -> Image.Image:
    """The text again and again, slanted, in a grey that both paper and print show through."""
    width, height = size
    points = max(12, min(size) // 28)
    font, step = ImageFont.load_default(size=points), points * 4
    side = int((width**2 + height**2) ** 0.5) + 2 * step
    layer = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(layer)
    line = f"{text}   " * (side // max(1, int(draw.textlength(f"{text}   ", font=font))) + 2)
    for row, top in enumerate(range(0, side, step)):
        draw.text((-(row % 3) * step, top), line, font=font, fill=(160, 0, 0, 96))
    turned = layer.rotate(30)
    left, upper = (side - width) // 2, (side - height) // 2
    return turned.crop((left, upper, left + width, upper + height))


def _kind_of(content: bytes) -> str:
    """JPEG or PNG, by the first bytes. Raises `file_rejected`."""
    if len(content) > MOST_BYTES:
        raise Refusal("file_rejected", cause="TooLarge")
    for kind, magic in _MAGIC.items():
        if content.startswith(magic):
            if kind == "JPEG" and content.count(_START_OF_SCAN) > MOST_SCANS:
                raise Refusal("file_rejected", cause="TooManyScans")
            return kind
    raise Refusal("file_rejected", cause="NotAPicture")


def _require_modest(image: Image.Image, kind: str) -> None:
    """Judge by the header alone. Raises `file_rejected`."""
    width, height = image.size
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise Refusal("file_rejected", cause="TooManyPixels")
    if kind == "PNG" and getattr(image, "n_frames", 1) > 1:
        raise Refusal("file_rejected", cause="Animated")


def _redrawn(image: Image.Image) -> bytes:
    image.load()
    upright = _upright(image)
    drawn = _flat(upright)
    drawn.info.clear()  # Pillow would write a comment or XMP found there
    target = BytesIO()
    drawn.save(target, format="JPEG", quality=_QUALITY)
    return target.getvalue()


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the camera noted; where the note is broken, as it is."""
    try:
        return ImageOps.exif_transpose(image)
    except _UNREADABLE:
        return image


def _flat(image: Image.Image) -> Image.Image:
    """In RGB, on white where it is transparent."""
    if image.mode.startswith("I"):  # 16 bits a pixel: Pillow would clip instead of scaling
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    ground = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
