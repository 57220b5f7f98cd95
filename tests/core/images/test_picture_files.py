"""Picture files of every kind are read as they are meant; unusable ones are refused with a reason."""

import io
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, TiffImagePlugin

from core.images import convert, decoding_memory, picture_files, shrinking
from core.images.picture_files import from_file
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.system import paths
from tests.core.images.picture_tools import encoded, made_up


def test_a_picture_of_the_right_size_is_taken_bit_by_bit(noise):
    assert np.array_equal(from_file(convert.png(noise[0])), noise[0])


def test_a_colour_file_keeps_its_colours_and_a_grey_one_has_three_equal_channels():
    picture = made_up(ImageShape(3, 20, 36), 1)[0]
    read = from_file(convert.png(picture), ImageShape(3, 20, 36))
    assert np.array_equal(read, picture)
    grey = from_file(convert.png(picture[..., 0]), ImageShape(3, 20, 36))
    assert np.array_equal(grey, np.repeat(picture[..., :1], 3, axis=2))
    luminance = from_file(convert.png(picture), ImageShape(1, 20, 36)).astype(float)
    assert np.abs(luminance - picture @ [0.299, 0.587, 0.114]).max() <= 1, "ITU-R 601"


def test_a_picture_is_fitted_into_a_shape_that_is_not_square_on_the_colour_of_its_border():
    picture = Image.new("RGB", (40, 40), (200, 30, 90))
    picture.paste((0, 255, 0), (15, 15, 25, 25))
    read = from_file(encoded(picture), ImageShape(3, 20, 36))
    assert read.shape == (20, 36, 3)
    assert (read[:, :8] == (200, 30, 90)).all() and (read[:, 28:] == (200, 30, 90)).all()
    assert read[10, 18].tolist()[1] > 200


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I;16", "I", "F"])
def test_every_mode_of_pillow_is_turned_to_colour(mode):
    white = np.full((28, 28), {"I;16": 65535, "F": 1.0}.get(mode, 255))
    if mode in ("I;16", "I", "F"):
        source = Image.fromarray(white.astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]))
    else:
        source = Image.new(mode, (28, 28), (255, 128, 128)) if mode == "LAB" else Image.new("RGB", (28, 28), "white")
        source = source if mode in ("LAB", "HSV") else source.convert(mode)
    data = encoded(source, "TIFF" if mode in ("CMYK", "YCbCr", "LAB", "I", "F") else "PNG")
    read = from_file(data, ImageShape(3, 16, 16))
    assert read.shape == (16, 16, 3) and read.min() >= 250
    assert from_file(data).min() >= 250


def test_a_transparent_colour_picture_lies_on_a_ground_that_keeps_it_visible():
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[4:12, 4:12] = (120, 0, 0, 255)
    read = from_file(encoded(Image.fromarray(pixels)), ImageShape(3, 16, 16))
    assert (read[4:12, 4:12] == (120, 0, 0)).all() and (read[:3] == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_any_usual_format_and_colour_comes_in_as_28_by_28_grey(kind, mode):
    level = 200 if mode == "L" else (200, 200, 200)
    picture = from_file(encoded(Image.new(mode, (90, 90), level), kind))
    assert picture.shape == (28, 28) and picture.dtype == np.uint8
    assert abs(int(picture.mean()) - 200) <= 2


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I;16", "I", "F"])
def test_every_mode_of_pillow_is_turned_to_grey(mode):
    source = Image.new("L" if mode in ("I;16", "I", "F") else "RGB", (28, 28), "white")
    if mode == "I;16":
        source = Image.fromarray(np.full((28, 28), 65535, np.uint16))
    elif mode != "LAB":
        source = source.convert(mode)
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "LAB", "I", "F") else "PNG"
    data = encoded(source.convert("RGB") if mode == "HSV" else source, kind)
    assert from_file(data).min() >= 250


def test_sixteen_bit_depth_is_scaled_and_not_cut_off():
    ramp = np.tile(np.linspace(0, 65535, 28).astype(np.uint16), (28, 1))
    read = from_file(encoded(Image.fromarray(ramp)))
    assert np.abs(read[0].astype(int) - np.rint(np.linspace(0, 255, 28))).max() <= 1


def test_proportions_are_kept_and_the_strips_take_the_colour_of_the_border():
    picture = Image.new("L", (56, 28), 250)
    picture.paste(0, (20, 8, 36, 20))
    read = from_file(encoded(picture))
    assert (read[:7] == 250).all() and (read[21:] == 250).all(), "white paper goes on above and below"
    assert read[14, 14] < 20


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 2)])
def test_odd_sizes_down_to_one_pixel_come_in(size):
    assert (from_file(encoded(Image.new("L", size, 90))) == 90).all()


@pytest.mark.parametrize(("ink", "ground"), [(0, 255), (255, 0)])
def test_a_transparent_ground_is_chosen_so_that_the_ink_stays_visible(ink, ground):
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[10:18, 10:18] = (ink, ink, ink, 255)
    read = from_file(encoded(Image.fromarray(pixels)))
    assert (read[10:18, 10:18] == ink).all() and (read[:5] == ground).all()


def test_a_photo_is_turned_the_way_up_its_camera_says():
    upright = np.zeros((28, 28), np.uint8)
    upright[:14] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # the camera was held upside down
    data = encoded(Image.fromarray(upright[::-1].copy()), "JPEG", exif=exif, quality=95)
    assert np.abs(from_file(data).astype(int) - upright).mean() < 5


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header claims a giant picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"hello, this is a shopping list", "is not a picture"),
        (bomb(8001, 8000), "too many pixels"),
        (bomb(10_000, 10_000), "too many pixels"),
        (bomb(60_000, 60_000), "too many pixels"),
        (bomb(100, 100), "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "is not a picture"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # pytest drops the filter we set
def test_what_is_no_usable_picture_is_refused_with_its_reason(data, reason):
    with pytest.raises(convert.ImageError, match=reason):
        from_file(data)


def test_a_picture_cut_off_at_any_place_is_refused_and_never_crashes(noise):
    for kind in ("PNG", "JPEG", "GIF", "BMP"):
        whole = encoded(Image.fromarray(noise[0]), kind)
        for end in range(1, len(whole) - 64, 37):
            with pytest.raises(convert.ImageError):
                from_file(whole[:end])


def test_a_file_above_the_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "film.png"
    with open(path, "wb") as file:
        file.truncate(picture_files.MAX_BYTES + 1)  # sparse: takes no room on the disk
    with pytest.raises(convert.ImageError, match="too large"):
        from_file(path)


def test_a_missing_file_or_a_folder_is_no_picture(tmp_path):
    for path in (tmp_path, tmp_path / "gone.png"):
        with pytest.raises(convert.ImageError, match="is not a file"):
            from_file(path)


@pytest.mark.parametrize("size", [(28, 28), (301, 97), (1000, 999), (64, 2000)])
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "CMYK"])
def test_a_picture_reduced_strip_by_strip_is_the_one_that_pillow_reduces_whole(size, mode, monkeypatch):
    monkeypatch.setattr(shrinking, "STRIP", 5_000)
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    picture = Image.fromarray(noise).convert(mode)
    small = from_file(encoded(picture, "TIFF" if mode == "CMYK" else "PNG"))
    scale = min(28 / size[0], 28 / size[1])
    fitted = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    whole = np.asarray(picture.convert("L").resize(fitted, Image.Resampling.BICUBIC, reducing_gap=3.0))
    top, left = (28 - fitted[1]) // 2, (28 - fitted[0]) // 2
    assert np.array_equal(small[top : top + fitted[1], left : left + fitted[0]], whole)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_photo_is_turned_upright_after_it_was_reduced(orientation, monkeypatch):
    upright = np.zeros((280, 140), np.uint8)
    upright[:140, :70] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(upright)
    if orientation > 1:
        inverse = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
        stored = stored.transpose(inverse.get(orientation, shrinking._UPRIGHT[orientation]))
    monkeypatch.setattr(shrinking, "_SMALL", 0)
    read = from_file(encoded(stored, "PNG", exif=exif))
    assert read.shape == (28, 28) and read[2:12, 8:13].min() > 240 and read[2:12, 15:20].max() < 15
    assert read[16:26, 8:20].max() < 15


def frames(count: int, size=(28, 28)) -> list[Image.Image]:
    return [Image.fromarray(np.full(size, 10 * i, np.uint8)) for i in range(count)]


def test_every_page_of_a_file_is_a_picture():
    first, *rest = frames(12)
    file = encoded(first, "TIFF", save_all=True, append_images=rest)
    pages = list(picture_files.pages(file, ImageShape(1, 28, 28)))
    assert [int(page.values.mean()) for page in pages] == [10 * i for i in range(12)]
    assert int(from_file(file).mean()) == 0, "one picture is asked for: the first"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_counts_by_its_first_frame_and_that_is_said(kind):
    *rest, first = frames(12)
    file = encoded(first, kind, save_all=True, append_images=rest, **({"lossless": True} if kind == "WEBP" else {}))
    page, said = picture_files.pages(file, ImageShape(1, 28, 28))
    assert int(page.values.mean()) == 110 and page.original.frames == 12
    assert said == "is an animation of 12 frames, of which the first is used"


def test_a_damaged_page_is_named_and_the_others_are_read():
    pictures = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (40, 40), dtype=np.uint8)) for i in range(3)]
    file = bytearray(encoded(pictures[0], "TIFF", save_all=True, append_images=pictures[1:], compression="tiff_lzw"))
    with Image.open(io.BytesIO(bytes(file))) as again:
        again.seek(1)
        start = again.tag_v2[273][0]
    file[start : start + 200] = b"\xff" * 200
    pages = list(picture_files.pages(bytes(file), ImageShape(1, 28, 28)))
    assert [isinstance(page, str) for page in pages] == [False, True, False]
    assert pages[1] == "page 2 is a damaged picture"


def test_previews_and_further_sizes_in_a_file_are_not_pictures_of_their_own():
    first, second = frames(2)
    with_preview = io.BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(with_preview, True) as writer:
        first.save(writer, "TIFF")
        writer.newFrame()
        second.save(writer, "TIFF", tiffinfo={254: 1})
    assert len(list(picture_files.pages(with_preview.getvalue(), ImageShape(1, 28, 28)))) == 1
    stereo = encoded(first, "MPO", save_all=True, append_images=[second])
    assert len(list(picture_files.pages(stereo, ImageShape(1, 28, 28)))) == 1


def test_a_small_file_of_very_many_or_very_large_pages_ends(monkeypatch):
    first, *rest = frames(9, (100, 100))
    file = encoded(first, "TIFF", save_all=True, append_images=rest)
    monkeypatch.setattr(picture_files, "MAX_PAGE_PIXELS", 35_000)
    pages = list(picture_files.pages(file, ImageShape(1, 28, 28)))
    assert len(pages) == 4 and pages[3] == "has 9 pages, of which the first 3 are read"
    monkeypatch.setattr(picture_files, "MAX_PAGES", 2)
    assert list(picture_files.pages(file, ImageShape(1, 28, 28)))[-1].endswith("the first 2 are read")


def test_pictures_decoded_at_the_same_time_share_the_memory(monkeypatch):
    monkeypatch.setattr(decoding_memory, "MEMORY", 100)
    memory, inside, most = decoding_memory._Memory(), [], []

    def take(wanted: int) -> None:
        with memory.take(wanted):
            inside.append(wanted)
            most.append((sum(inside), len(inside)))
            inside.remove(wanted)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, [60, 30, 500, 90, 10, 10, 40, 100, 70] * 20))
    assert all(total <= 100 or count == 1 for total, count in most) and memory._taken == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the peak is read as Unix has it")
@pytest.mark.parametrize("mode", ["P", "I;16"])
def test_a_small_file_of_many_pixels_takes_little_more_than_its_pixels(mode, tmp_path):
    side = 3_000  # 9 million pixels: 9 MB as P, 18 MB as I;16, 288 MB as four arrays of floats
    picture = Image.new(mode, (side, side), 0)
    if mode == "P":
        picture.putpalette([0, 0, 0, 255, 255, 255])
    picture.save(tmp_path / "small.png", compress_level=1, **({"transparency": 0} if mode == "P" else {}))
    code = (
        "import resource, sys\nfrom core.images.picture_files import from_file\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\nfrom_file(sys.argv[1])\n"
        "print((peak() - before) * (1 if sys.platform == 'darwin' else 1024))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "small.png")], cwd=paths.ROOT, capture_output=True, text=True
    )
    assert int(done.stdout) < 100e6, done.stderr


FOREIGN = {
    "photo.HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "export it as JPEG"),
    "photo.jpg": (b"\0\0\0\x18ftypheix\0\0\0\0mif1heix", "export it as JPEG"),
    "new.heif": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "export it as JPEG"),
    "data.zip": (b"PK\x03\x04rest", "unpack it first"),
    "data.png": (b"PK\x03\x04rest", "unpack it first"),
    "data.tar.gz": (b"\x1f\x8b\x08rest", "unpack it first"),
    "data.rar": (b"Rar!\x1a\x07rest", "unpack it first"),
    "clip.mp4": (b"\0\0\0\x18ftypisom\0\0\0\0", "save its frames"),
    "clip.mkv": (b"\x1aE\xdf\xa3rest", "save its frames"),
    "x.npy": (b"\x93NUMPY\x01\0", "save its images as PNG"),
    "x.mat": (b"MATLAB 5.0 MAT-file", "save its images as PNG"),
    "x.h5": (b"\x89HDF\r\n\x1a\n", "save its images as PNG"),
    "x.parquet": (b"PAR1rest", "save its images as PNG"),
    "shot.NEF": (b"II*\0rest", "raw photo"),
    "paper.pdf": (b"%PDF-1.7", "export it as PNG"),
    "logo.svg": (b"<svg xmlns=", "export it as PNG"),
    "scan.dcm": (b"x" * 40, "DICOM"),
    "x.jxl": (b"\xff\x0arest", "export it as JPEG or PNG"),
    "page.png": (b"<!DOCTYPE html><html>", "is a web page"),
    "pointer.png": (b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
    "train-images-idx3-ubyte": (b"\0\0\x08\x03\0\0\0\x0a", "MNIST's format"),
    "brain.nii": (b"x" * 40, "file of measurements"),
    "layers.png": (b"gimp xcf v011\0", "painting program"),
    "mnist_train.csv": (b"label,1x1,1x2\n5,0,0\n", "is a table"),
    "notes.txt": (b"buy milk", "is not a picture that can be opened"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_something_else_is_named_with_the_remedy(name, tmp_path):
    content, words = FOREIGN[name]
    (tmp_path / name).write_bytes(content + bytes(100))
    with pytest.raises(convert.ImageError) as caught:
        from_file(tmp_path / name)
    assert words in str(caught.value) and not str(caught.value).endswith(".")


# Fit: the whole picture with strips, its middle, or the whole distorted


def fitted(picture: Image.Image, fit: str, shape: ImageShape, kind: str = "PNG", **options) -> np.ndarray:
    return from_file(encoded(picture, kind, **options), shape, PixelChoices(fit=fit))


def test_crop_keeps_the_middle_and_pad_the_whole_of_a_picture():
    wide = np.arange(8 * 16, dtype=np.uint8).reshape(8, 16)
    assert np.array_equal(fitted(Image.fromarray(wide), "crop", ImageShape(1, 8, 8)), wide[:, 4:12])
    assert np.array_equal(fitted(Image.fromarray(wide.T.copy()), "crop", ImageShape(1, 8, 8)), wide.T[4:12])
    padded = fitted(Image.fromarray(wide), "pad", ImageShape(1, 16, 16))
    assert np.array_equal(padded[4:12], wide)
    edge = np.median(np.concatenate([wide[0], wide[-1], wide[:, 0], wide[:, -1]]))
    assert (padded[:4] == int(edge)).all() and (padded[12:] == int(edge)).all()


@pytest.mark.parametrize("size", [(37, 21), (20, 61), (9, 9), (300, 170)])
def test_crop_and_stretch_are_those_of_pillow(size):
    shape, pillow = ImageShape(3, 16, 24), Image.fromarray(made_up(ImageShape(3, 128, 128), 1)[0]).resize(size)
    cropped = np.asarray(ImageOps.fit(pillow, (24, 16), Image.Resampling.BICUBIC), np.int16)
    stretched = np.asarray(pillow.resize((24, 16), Image.Resampling.BICUBIC), np.int16)
    # Blocks of large pictures are averaged first, as `reducing_gap` of Pillow does it.
    slack = 1 if max(size) < 100 else 12
    assert np.abs(fitted(pillow, "crop", shape) - cropped).max() <= slack
    assert np.abs(fitted(pillow, "stretch", shape) - stretched).max() <= slack


def test_a_picture_that_is_turned_deep_or_transparent_is_cropped_alike():
    wide = np.arange(8 * 16, dtype=np.uint8).reshape(8, 16)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90°
    turned = fitted(Image.fromarray(wide), "crop", ImageShape(1, 8, 8), exif=exif)
    assert np.array_equal(turned, np.rot90(wide, -1)[4:12])
    deep = Image.fromarray(wide.astype(np.uint16) * 257)
    read = from_file(encoded(deep), ImageShape(1, 8, 8), PixelChoices(levels="0 to 65535", fit="crop"))
    assert np.array_equal(read, wide[:, 4:12])
    clear = Image.merge("LA", [Image.fromarray(wide), Image.new("L", (16, 8), 255)])
    clear.putpixel((7, 3), (200, 0))
    read = from_file(encoded(clear), ImageShape(1, 8, 8), PixelChoices(ground="white", fit="crop"))
    wanted = wide[:, 4:12].copy()
    wanted[3, 3] = 255
    assert np.array_equal(read, wanted)


def test_an_extremely_long_picture_is_cropped_within_its_own_memory():
    line = Image.new("L", (60_000, 2), 90)
    assert (fitted(line, "crop", ImageShape(1, 16, 16)) == 90).all()


# Colours of other modes, by hand


def test_cmyk_palette_and_one_bit_give_the_colours_that_they_name():
    shape = ImageShape(3, 8, 8)
    inks = {(0, 255, 255, 0): (255, 0, 0), (255, 0, 255, 0): (0, 255, 0), (0, 0, 0, 255): (0, 0, 0)}
    for ink, colour in inks.items():
        assert (from_file(encoded(Image.new("CMYK", (8, 8), ink), "TIFF"), shape) == colour).all()
    indexed = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 3, "P")
    indexed.putpalette([10, 20, 30, 200, 100, 50, 7, 8, 9])
    wanted = np.array([(10, 20, 30), (200, 100, 50), (7, 8, 9)])[np.arange(64).reshape(8, 8) % 3]
    assert np.array_equal(from_file(encoded(indexed), shape), wanted)
    checks = np.indices((8, 8)).sum(0) % 2 == 1
    assert np.array_equal(from_file(encoded(Image.fromarray(checks)), ImageShape(1, 8, 8)), 255 * checks)


def test_a_colour_profile_is_named_and_changes_no_level():
    picture = made_up(ImageShape(3, 8, 8), 1)[0]
    for profile, name in (("sRGB", ""), ("XYZ", "XYZ identity built-in")):
        made = ImageCms.ImageCmsProfile(ImageCms.createProfile(profile))
        file = encoded(Image.fromarray(picture), icc_profile=made.tobytes())
        (page,) = picture_files.pages(file, ImageShape(3, 8, 8))
        assert page.original.profile == name and np.array_equal(page.values, picture)
    (page,) = picture_files.pages(encoded(Image.fromarray(picture), icc_profile=b"rubbish"), ImageShape(3, 8, 8))
    assert page.original.profile == "" and np.array_equal(page.values, picture)
