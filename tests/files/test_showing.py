"""What officers look at holds nothing but the picture or the sound."""

from __future__ import annotations

import io
import wave

import pytest
from PIL import Image

from bot.errors import BotError
from bot.files import showing
from bot.simulator.samples import FILES


def test_nothing_hidden_in_a_picture_is_shown() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "place of the photo"
    Image.new("RGB", (3000, 2000), "red").save(out, "JPEG", exif=exif, comment=b"secret words")
    hidden = out.getvalue() + b"<script>behind the picture</script>"
    drawn = showing.picture(hidden, "image/jpeg")
    assert all(word not in drawn for word in (b"place of", b"secret words", b"script"))
    with Image.open(io.BytesIO(drawn)) as opened:
        assert opened.size == (1600, 1067)


def test_what_is_no_picture_has_no_preview() -> None:
    for content, kind in ((b"%PDF-1.4", "application/pdf"), (b"\xff\xd8\xff", "image/jpeg")):
        with pytest.raises(BotError, match=r"files\.no_preview"):
            showing.picture(content, kind)


def test_a_voice_note_of_zalo_becomes_playable() -> None:
    with wave.open(io.BytesIO(showing.sound(FILES["giong-noi.amr"][1]))) as sound:
        assert sound.getnchannels() == 1
        assert sound.getnframes() / sound.getframerate() == pytest.approx(0.5, abs=0.1)


def test_a_broken_voice_note_has_no_preview() -> None:
    with pytest.raises(BotError, match=r"files\.no_preview"):
        showing.sound(b"#!AMR\n" + b"\xff" * 3)
