"""The decoder of a model in memory as a file, for the browser to run it itself (`core.export.portable`)."""

from __future__ import annotations

import threading

from ui.shared.model_cache import LoadedModel, in_memory

LARGEST = 4_000_000
"""Parameters of a decoder that a browser gets, at most: 8 MB, and some 20 ms a picture."""

_MAKING = threading.Lock()
"""Held while a file is made, so that twenty visitors who open a model at once make one."""


def decoder_file(name: str) -> bytes:
    """The file of the model of that `LoadedModel.name`; empty where its pictures come from the server, since it is too
    large for a browser or has a layer that a browser does not know.

    Raises:
        LookupError: the model is not in memory.
    """
    loaded = in_memory(name)
    if loaded is None:
        raise LookupError("This model is not in memory.")
    with _MAKING:
        if loaded.decoder_file is None:
            loaded.decoder_file = _made(loaded)
    return loaded.decoder_file


def _made(loaded: LoadedModel) -> bytes:
    from core.export.portable import NotPortable, decoder_file

    if sum(parameter.numel() for parameter in loaded.model.decoder.parameters()) > LARGEST:
        return b""
    try:
        return decoder_file(loaded.model, loaded.axes.centre, loaded.axes.scale)
    except NotPortable:
        return b""
