"""Files that people take for pictures, or keep beside them: what they are and what to do with them."""

from __future__ import annotations

from pathlib import PurePath

HEAD = 64
"""First bytes of a file that are looked at."""

_UNPACK = "is an archive (unpack it first)"
_HEIC = "is a HEIC photo, which is not read (export it as JPEG)"
_FILM = "is a film (save its frames as pictures first)"
_TABLE = "is a file of numbers (save its images as PNG first; of npz and npy give the path of the file itself)"
_RAW = "is a raw photo of a camera (export it as JPEG)"
_DRAWING = "is a drawing or document, which is not a picture (export it as PNG)"
_JXL = "is a JPEG XL picture, which is not read (export it as JPEG or PNG)"
_DICOM = "is a DICOM file, which is not read (export it as PNG of 16 bits)"
_MEASURED = "is a file of measurements, which is not read (export its pictures as TIFF or PNG of 16 bits)"
_PROJECT = "is a project of a painting program, which is not read (export it as PNG)"
_SHEET = "is a table, not a picture (save the images in it as PNG, or as npz)"

_IDX = "is a file in MNIST's format, not a picture (give the path of the file itself)"

_ENDINGS = {
    _UNPACK: ("zip", "7z", "rar", "tar", "gz", "tgz", "bz2", "xz", "zst"),
    _HEIC: ("heic", "heif", "hif"),
    _FILM: ("mp4", "mov", "avi", "mkv", "webm", "m4v", "wmv", "mpg", "mpeg"),
    _TABLE: ("npy", "npz", "mat", "h5", "hdf5", "parquet", "pkl", "pt", "pth", "safetensors", "tfrecord"),
    _RAW: ("dng", "cr2", "cr3", "nef", "arw", "raf", "orf", "rw2", "pef", "srw"),
    _DRAWING: ("pdf", "svg", "svgz", "eps", "ps", "ai", "docx", "pptx", "xlsx", "odt", "odp", "epub"),
    _JXL: ("jxl",),
    _DICOM: ("dcm",),
    _MEASURED: ("nii", "nrrd", "mha", "mhd", "czi", "lif", "nd2"),
    _PROJECT: ("psb", "xcf", "kra", "clip", "procreate", "afphoto"),
    _SHEET: ("csv", "tsv", "xls", "ods", "arff"),
}
_BY_ENDING = {ending: text for text, endings in _ENDINGS.items() for ending in endings}

_BY_START = (
    (b"PK\x03\x04", _UNPACK),
    (b"PK\x05\x06", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", _UNPACK),
    (b"Rar!\x1a\x07", _UNPACK),
    (b"\x1f\x8b", _UNPACK),
    (b"\xfd7zXZ\0", _UNPACK),
    (b"BZh", _UNPACK),
    (b"\x28\xb5\x2f\xfd", _UNPACK),
    (b"\x93NUMPY", _TABLE),
    (b"\x89HDF\r\n", _TABLE),
    (b"MATLAB 5", _TABLE),
    (b"PAR1", _TABLE),
    (b"gimp xcf", _PROJECT),
    (b"%PDF", _DRAWING),
    (b"%!PS", _DRAWING),
    (b"\x1aE\xdf\xa3", _FILM),
    (b"\xff\x0a", _JXL),
    (b"version https://git-lfs", "is only a pointer of Git LFS (fetch the pictures with `git lfs pull`)"),
    (b"\0\0\x08\x03", _IDX),
    (b"\0\0\x08\x01", _IDX),
)

_TIFF = "is a TIFF of a kind that is not read (save it as PNG, or as TIFF with 8 or 16 bits a channel)"
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
"""How files begin that are pictures without doubt."""

_NO_PICTURE = "is not a picture that can be opened"


def kind(name: str, head: bytes) -> str:
    """What a file is that is known not to be a readable picture, with the remedy; empty for all others.

    Archives are known by their content, since an archive of another ending would be opened by its name in vain.

    Args:
        name: of the file, or "". head: its first bytes.
    """
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx") or (brand == b"mif1" and b"hei" in head):
            return _HEIC
        return "" if brand in (b"avif", b"avis", b"mif1", b"msf1") else _FILM
    if found := next((text for start, text in _BY_START if head.startswith(start)), ""):
        by_name = _BY_ENDING.get(_ending(name), "")
        return by_name if found == _UNPACK and by_name in (_DRAWING, _TABLE) else found  # documents are packed as zip
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return _FILM
    return _RAW if _BY_ENDING.get(_ending(name)) == _RAW else ""


def is_zip(name: str, head: bytes) -> bool:
    """Whether a file is to be opened as a zip archive: by its ending, or by its content where no other kind of file is
    packed as one, as documents are."""
    ending = _ending(name)
    return ending == "zip" or (head.startswith((b"PK\x03\x04", b"PK\x05\x06")) and ending not in _BY_ENDING)


def reason(name: str, head: bytes) -> str:
    """Why a file that no decoder knows is no picture; ends with the remedy where there is one."""
    if text := kind(name, head) or _BY_ENDING.get(_ending(name), ""):
        return text
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "is a web page, not a picture (download the picture itself)"
    if start.startswith((b"<svg", b"<?xml")) and b"svg" in start:
        return _DRAWING
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return _TIFF
    if head.startswith(_PICTURES) or head[4:8] == b"ftyp" or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "is a damaged picture"
    return _NO_PICTURE


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower().lstrip(".")
