"""Stored files as people may safely look at them: pictures drawn anew, voice notes made playable in a browser."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps

from bot.errors import BotError
from bot.files.sniffing import PICTURES

WIDEST = 1600
THUMB = 240
#: What browsers play by themselves.
PLAYED = frozenset({"audio/ogg", "audio/mpeg", "audio/mp4", "audio/wav", "audio/aac", "video/mp4", "video/webm"})
RATE = 16_000


def picture(content: bytes, kind: str, *, widest: int = WIDEST) -> bytes:
    """A JPEG without anything that was hidden in the original: no place, no comment, no second file.

    Raises BotError files.no_preview.
    """
    if kind not in PICTURES:
        raise BotError("files.no_preview")
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content)) as opened:
            warnings.simplefilter("ignore")
            opened.draft("RGB", (widest, widest))
            drawn = ImageOps.exif_transpose(opened).convert("RGB")
            drawn.thumbnail((widest, widest))
            clean = Image.new("RGB", drawn.size)  # a copy would carry comments and EXIF along
            clean.paste(drawn)
            out = io.BytesIO()
            clean.save(out, "JPEG", quality=82)
            return out.getvalue()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise BotError("files.no_preview") from None


def sound(content: bytes) -> bytes:
    """A voice note (.amr, .3gp) as WAV. Raises BotError files.no_preview."""
    import av  # noqa: PLC0415  (16 MB, for the few who send a voice note)

    out = io.BytesIO()
    try:
        with av.open(io.BytesIO(content), "r") as source, av.open(out, "w", format="wav") as target:
            stream = target.add_stream("pcm_s16le", rate=RATE, layout="mono")
            shape = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in source.decode(audio=0):
                for piece in shape.resample(frame):
                    target.mux(stream.encode(piece))
            target.mux(stream.encode(None))
    except (av.FFmpegError, IndexError, ValueError, OSError):
        raise BotError("files.no_preview") from None
    return out.getvalue()
