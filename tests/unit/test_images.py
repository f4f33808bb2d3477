"""What may be uploaded, and what is left of it (A-14): a corpus of odd and hostile files."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from chalicelib.adapters.images import MOST_BYTES, MOST_PIXELS, MOST_SCANS, PillowImages
from chalicelib.domain.errors import Refusal

SECRET = b"GPS-31.2304-121.4737"
pytestmark = pytest.mark.req("A-14")


def saved(kind: str, mode: str = "RGB", size: tuple[int, int] = (48, 32), **options) -> bytes:
    target = BytesIO()
    Image.new(mode, size).save(target, format=kind, **options)
    return target.getvalue()


def noisy(kind: str = "JPEG", size: tuple[int, int] = (200, 150), **options) -> bytes:
    target = BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(target, format=kind, **options)
    return target.getvalue()


JPEG, PNG = noisy(), noisy("PNG")


def chunk(kind: bytes, data: bytes) -> bytes:
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)


def png(width: int, height: int, data: bytes = b"", *, depth: int = 8, colour: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    end = chunk(b"IEND", b"")
    return PNG[:8] + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + end


def with_chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG with one chunk more behind its header."""
    return PNG[:33] + chunk(kind, data) + PNG[33:]


def jpeg_of_size(width: int, height: int) -> bytes:
    """A JPEG whose header claims that size."""
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", height, width) + JPEG[at + 4 :]


def exif(**tags) -> bytes:
    found = Image.Exif()
    found[0x0112] = tags.get("orientation", 1)
    found[0x010E] = SECRET.decode()
    return found.tobytes()


def located() -> bytes:
    found = Image.Exif()
    found[0x010E] = SECRET.decode()
    found.get_ifd(0x8825).update({1: "N", 2: (31.0, 13.0, 49.0), 3: "E", 4: (121.0, 28.0, 25.0)})
    return found.tobytes()


def png_of_16_bits() -> bytes:
    """Two by two pixels of red, green, blue and opacity, two bytes each."""
    line = b"\0" + struct.pack(">4H", 65535, 0, 0, 65535) * 2
    return png(2, 2, line * 2, depth=16, colour=6)


def interlaced() -> bytes:
    """One pixel of Adam7: its first pass is the only one with anything in it."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 1)
    data = chunk(b"IDAT", zlib.compress(b"\0\xff\0\0"))
    return PNG[:8] + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def animated() -> bytes:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    target = BytesIO()
    frames[0].save(target, format="PNG", save_all=True, append_images=frames[1:])
    return target.getvalue()


def text_bomb() -> bytes:
    return with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 80_000_000))


def profile_bomb() -> bytes:
    return with_chunk(b"iCCP", b"icc\0\0" + zlib.compress(b"a" * 80_000_000))


def progressive_with_scans(count: int) -> bytes:
    whole = noisy(progressive=True)
    last = whole.rindex(b"\xff\xda")
    return whole[:last] + whole[last:-2] * count + b"\xff\xd9"


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "one byte": lambda: b"\xff",
    "magic of a JPEG only": lambda: b"\xff\xd8\xff",
    "magic of a PNG only": lambda: PNG[:8],
    "magic behind a blank": lambda: b" " + JPEG,
    "text": lambda: "身份证".encode() * 100,
    "HTML": lambda: b"<!doctype html><script>alert(1)</script>",
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "PDF": lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    "PDF with a JPEG inside": lambda: b"%PDF-1.7\n" + JPEG,
    "ZIP": lambda: b"PK\x03\x04" + bytes(200),
    "program": lambda: b"MZ" + bytes(500),
    "ELF": lambda: b"\x7fELF" + bytes(500),
    "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
    "GIF": lambda: saved("GIF", "P"),
    "BMP": lambda: saved("BMP"),
    "TIFF": lambda: saved("TIFF"),
    "WebP": lambda: saved("WEBP"),
    "ICO": lambda: saved("ICO"),
    "JPEG 2000": lambda: b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(100),
    "HEIC": lambda: b"\x00\x00\x00\x18ftypheic" + bytes(100),
    "PNG magic, JPEG body": lambda: PNG[:8] + JPEG,
    "JPEG magic, PNG body": lambda: b"\xff\xd8\xff" + PNG,
    "JPEG magic, zeros": lambda: b"\xff\xd8\xff\xe0" + bytes(1000),
    "JPEG cut in its header": lambda: JPEG[:120],
    "JPEG cut in half": lambda: JPEG[: len(JPEG) // 2],
    "JPEG cut before its end": lambda: JPEG[:-400],
    "PNG cut in its header": lambda: PNG[:20],
    "PNG cut in half": lambda: PNG[: len(PNG) // 2],
    "PNG with a wrong checksum": lambda: PNG[:29] + b"\0\0\0\0" + PNG[33:],
    "PNG with broken data": lambda: PNG[:60] + bytes(500) + PNG[560:],
    "PNG without data": lambda: png(100, 100),
    "PNG with too little data": lambda: png(1000, 1000, bytes(5000)),
    "PNG of no width": lambda: png(0, 10, bytes(100)),
    "PNG of negative size": lambda: png(0x80000001, 0x80000001, bytes(100)),
    "PNG of an unknown colour type": lambda: png(10, 10, bytes(400), colour=7),
    "PNG of an unknown depth": lambda: png(10, 10, bytes(400), depth=5),
    "PNG that is animated": animated,
    "bomb: a PNG of 30000 × 30000": lambda: png(30_000, 30_000, bytes(10_000)),
    "bomb: a PNG of 10^9 pixels": lambda: png(2**30, 1, bytes(10_000)),
    "bomb: a PNG of 5001 × 5000": lambda: saved("PNG", "1", (5001, 5000)),
    "bomb: a JPEG of 65000 × 65000": lambda: jpeg_of_size(65_000, 65_000),
    "bomb: a JPEG of 65500 × 1": lambda: jpeg_of_size(65_500, 1),
    "bomb: a JPEG of too many scans": lambda: progressive_with_scans(MOST_SCANS),
    "bomb: compressed text": text_bomb,
    "bomb: compressed colour profile": profile_bomb,
    "JPEG of no width": lambda: jpeg_of_size(0, 100),
    "PNG with chunks that never end": lambda: PNG[:33] + chunk(b"tEXt", b"a\0b") * 40_000,
    "bomb: compressed international text": lambda: with_chunk(
        b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"a" * 80_000_000)
    ),
    "bomb: a JPEG of 65500 × 65500 in tables": lambda: jpeg_of_size(65_500, 65_500) + bytes(50_000),
    "WebP in a JPEG's name": lambda: b"\xff\xd8\xff" + saved("WEBP"),
    "MPEG-4": lambda: b"\x00\x00\x00\x20ftypisom" + bytes(100),
    "AVIF": lambda: b"\x00\x00\x00\x20ftypavif" + bytes(100),
    "RAR": lambda: b"Rar!\x1a\x07\x01\x00" + bytes(100),
    "PDF with a PNG behind it": lambda: b"%PDF-1.4\n" + PNG,
    "script with a JPEG behind it": lambda: b"GIF89a/*" + JPEG + b"*/=alert(1)",
    "too large by one byte": lambda: JPEG + bytes(MOST_BYTES + 1 - len(JPEG)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_odd_files_are_refused(name):
    with pytest.raises(Refusal) as refused:
        PillowImages().cleaned(HOSTILE[name]())
    assert refused.value.code == "file_rejected"


HARMLESS: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: JPEG,
    "PNG": lambda: PNG,
    "progressive JPEG": lambda: noisy(progressive=True),
    "grey JPEG": lambda: saved("JPEG", "L"),
    "CMYK JPEG": lambda: saved("JPEG", "CMYK"),
    "PNG with a palette": lambda: saved("PNG", "P"),
    "PNG in black and white": lambda: saved("PNG", "1"),
    "PNG in 16 bits of grey": lambda: saved("PNG", "I;16"),
    "PNG that is transparent": lambda: saved("PNG", "RGBA"),
    "PNG in grey with transparency": lambda: saved("PNG", "LA"),
    "PNG of one pixel": lambda: saved("PNG", size=(1, 1)),
    "25 megapixels": lambda: saved("PNG", "1", (5000, 5000)),
    "5 MiB": lambda: JPEG + bytes(MOST_BYTES - len(JPEG)),
    "EXIF": lambda: noisy(exif=exif()),
    "broken EXIF": lambda: noisy(exif=b"Exif\0\0" + SECRET),
    "comment": lambda: noisy(comment=SECRET),
    "XMP": lambda: noisy(xmp=SECRET),
    "colour profile": lambda: noisy(icc_profile=SECRET * 10),
    "PNG with text": lambda: with_chunk(b"tEXt", b"Comment\0" + SECRET),
    "PNG with EXIF": lambda: with_chunk(b"eXIf", exif()[6:]),
    "PNG with an unknown chunk": lambda: with_chunk(b"seCr", SECRET),
    "JPEG with a program behind its end": lambda: JPEG + b"<?php system($_GET[0]); ?>" + SECRET,
    "JPEG with an archive behind its end": lambda: JPEG + b"PK\x03\x04" + SECRET,
    "PNG with a page behind its end": lambda: PNG + b"<script>alert(1)</script>" + SECRET,
    "JPEG with a PDF behind its end": lambda: JPEG + b"%PDF-1.7\n1 0 obj" + SECRET,
    "PNG with an archive behind its end": lambda: PNG + b"PK\x03\x04" + SECRET + b"PK\x05\x06",
    "JPEG with an archive in a comment": lambda: noisy(comment=b"PK\x03\x04" + SECRET),
    "JPEG with a script in a comment": lambda: noisy(comment=b"<script>alert(1)</script>"),
    "JPEG with a PDF in its EXIF": lambda: noisy(exif=b"Exif\0\0%PDF-1.7" + SECRET),
    "EXIF with where it was taken": lambda: noisy(exif=located()),
    "PNG with a small colour profile": lambda: with_chunk(
        b"iCCP", b"icc\0\0" + zlib.compress(SECRET * 10)
    ),
    "CMYK JPEG with an Adobe marker and a profile": lambda: saved(
        "JPEG", "CMYK", icc_profile=SECRET * 10
    ),
    "PNG in 16 bits of colour with transparency": png_of_16_bits,
    "interlaced PNG": interlaced,
    "JPEG of one pixel": lambda: saved("JPEG", size=(1, 1)),
    "two JPEGs in one": lambda: JPEG + noisy(comment=SECRET),
}
HIDDEN = (
    SECRET,
    b"<?php",
    b"PK\x03\x04",
    b"<script",
    b"Exif",
    b"ICC_PROFILE",
    b"http://ns.adobe",
    b"%PDF",
)


@pytest.mark.parametrize("name", HARMLESS)
def test_of_a_picture_only_its_pixels_are_kept(name):
    content = HARMLESS[name]()
    cleaned = PillowImages().cleaned(content)
    with Image.open(BytesIO(content)) as before, Image.open(BytesIO(cleaned)) as after:
        assert (after.format, after.mode, after.size) == ("JPEG", "RGB", before.size)
        assert not after.getexif()
        assert set(after.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        after.load()
    assert cleaned.endswith(b"\xff\xd9")
    assert not [hidden for hidden in HIDDEN if hidden in cleaned]


def test_there_are_more_than_forty_hostile_files():
    made = {name: make() for name, make in HOSTILE.items()}
    assert len(set(made.values())) >= 40


def test_the_picture_stays_the_same():
    image = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(image).rectangle((0, 0, 149, 99), fill=(200, 0, 0))
    target = BytesIO()
    image.save(target, format="PNG")
    with Image.open(BytesIO(PillowImages().cleaned(target.getvalue()))) as after:
        assert [after.getpixel(at) for at in ((250, 150), (20, 20))] == [
            pytest.approx((255, 255, 255), abs=6),
            pytest.approx((200, 0, 0), abs=6),
        ]


def test_a_camera_held_upright_stays_upright():
    turned = noisy(size=(40, 20), exif=exif(orientation=6))
    with Image.open(BytesIO(PillowImages().cleaned(turned))) as after:
        assert after.size == (20, 40)


def test_what_is_transparent_becomes_white():
    content = saved("PNG", "RGBA")
    with Image.open(BytesIO(PillowImages().cleaned(content))) as after:
        assert after.getpixel((3, 3)) == pytest.approx((255, 255, 255), abs=3)


def test_sixteen_bits_of_grey_are_scaled():
    image = Image.new("I;16", (20, 20), 32_768)
    target = BytesIO()
    image.save(target, format="PNG")
    with Image.open(BytesIO(PillowImages().cleaned(target.getvalue()))) as after:
        assert after.getpixel((3, 3)) == pytest.approx((128, 128, 128), abs=3)


def test_pixels_are_judged_by_the_header_before_anything_is_decoded(monkeypatch):
    def fail(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", fail)
    side = int(MOST_PIXELS**0.5)
    with pytest.raises(Refusal):
        PillowImages().cleaned(png(side + 1, side))
