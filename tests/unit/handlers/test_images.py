"""Images of outputs, as a model gets them."""

from __future__ import annotations

import asyncio
import base64
import io
import struct
import threading
import zlib
from typing import Any

import pytest
from PIL import Image as Picture

from jmcp.compose import api_of
from jmcp.options.settings import Settings
from jmcp_api import limits
from jmcp_api.limits import IMAGE_EDGE_PIXELS, RESULT_IMAGES
from jmcp_handlers.support.outputs import images
from jmcp_handlers.support.outputs.images import ImageRefusedError, scaled
from tests.fakes.jmcp import FakeJmcp


def image(kind: str, width: int = 40, height: int = 20) -> str:
    target = io.BytesIO()
    Picture.new("RGB", (width, height)).save(target, kind)
    return base64.b64encode(target.getvalue()).decode()


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
async def test_a_small_image_is_as_it_was(kind: str, mime: str) -> None:
    data = image(kind)
    found = await scaled(mime, data)
    assert (found.mime_type, found.data) == (mime, data)


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
async def test_a_large_one_is_scaled_to_what_models_look_at(kind: str, mime: str) -> None:
    found = await scaled(mime, image(kind, IMAGE_EDGE_PIXELS * 2, 100))
    with Picture.open(io.BytesIO(base64.b64decode(found.data))) as picture:
        assert (found.mime_type, picture.size) == ("image/png", (IMAGE_EDGE_PIXELS, 50))


def chunks_of(png: str) -> bytearray:
    return bytearray(base64.b64decode(png))


def changed(png: str, at: int) -> str:
    """The same image with one byte changed."""
    raw = chunks_of(png)
    raw[at] ^= 0xFF
    return base64.b64encode(raw).decode()


def cut(data: str, part: float) -> str:
    raw = base64.b64decode(data)
    return base64.b64encode(raw[: int(len(raw) * part)]).decode()


def noise(width: int, height: int) -> str:
    target = io.BytesIO()
    Picture.effect_noise((width, height), 50).save(target, "PNG")
    return base64.b64encode(target.getvalue()).decode()


def header_of(width: int, height: int) -> str:
    """A PNG that says that it has this size, and has nothing else."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + chunk).decode()


@pytest.mark.parametrize(
    ("mime", "data"),
    [
        ("image/jpeg", ""),
        ("image/jpeg", "x"),
        ("image/jpeg", "!!!!"),
        ("image/jpeg", base64.b64encode(b"no image").decode()),
        ("image/png", base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()),
        ("image/png", cut(image("PNG"), 0.5)),
        ("image/png", changed(image("PNG"), 50)),
        ("image/png", cut(noise(IMAGE_EDGE_PIXELS * 2, 40), 0.5)),
        ("image/png", changed(noise(IMAGE_EDGE_PIXELS * 2, 40), 20_000)),
        ("image/jpeg", cut(image("JPEG", 400, 400), 0.5)),
        ("image/gif", cut(image("GIF", 400, 400), 0.2)),
    ],
)
async def test_what_cannot_be_decoded_is_refused_and_says_so(mime: str, data: str) -> None:
    with pytest.raises(ImageRefusedError, match="decoded"):
        await scaled(mime, data)


async def test_an_image_of_too_many_pixels_is_not_decoded() -> None:
    with pytest.raises(ImageRefusedError, match="more than 40,000,000 pixels"):
        await scaled("image/png", header_of(13_000, 13_000))
    target = io.BytesIO()
    Picture.new("1", (7000, 6000)).save(target, "PNG")
    with pytest.raises(ImageRefusedError, match="more than 40,000,000 pixels"):
        await scaled("image/gif", base64.b64encode(target.getvalue()).decode())


async def test_an_image_of_too_many_bytes_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IMAGE_BYTES", 100)
    with pytest.raises(ImageRefusedError, match="more than 100 bytes"):
        await scaled("image/png", image("PNG", 400, 400))


async def test_a_jpeg_of_four_colours_is_shown() -> None:
    target = io.BytesIO()
    Picture.new("CMYK", (40, 20)).save(target, "JPEG")
    found = await scaled("image/jpeg", base64.b64encode(target.getvalue()).decode())
    with Picture.open(io.BytesIO(base64.b64decode(found.data))) as picture:
        assert (found.mime_type, picture.mode) == ("image/png", "RGB")


async def test_an_image_that_is_no_png_as_it_says_becomes_one() -> None:
    found = await scaled("image/png", image("JPEG"))
    assert base64.b64decode(found.data).startswith(b"\x89PNG")


async def test_one_image_at_a_time_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = 0, 0
    lock = threading.Lock()

    def slow(picture: object) -> bytes:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        threading.Event().wait(0.02)
        with lock:
            at_work -= 1
        return b"png"

    monkeypatch.setattr(images, "_as_png", slow)
    large = image("JPEG", IMAGE_EDGE_PIXELS * 2, 100)
    await asyncio.gather(*(scaled("image/jpeg", large) for _ in range(4)))
    assert most == 1


async def test_a_result_has_so_many_images_and_the_text_beside_them(
    jmcp: FakeJmcp, session: str
) -> None:
    shown = {
        "data": {"text/plain": "<Figure>", "image/png": image("PNG")},
        "metadata": {},
    }
    plots = [("display_data", shown)] * (RESULT_IMAGES + 2)
    jmcp.kernels.script("plot()", *plots)
    outcome = await jmcp.outcome("execute_code", session_id=session, code="plot()")
    assert outcome.result is not None
    assert len(outcome.images) == RESULT_IMAGES
    assert [output["text"] for output in outcome.result["outputs"]] == ["<Figure>"] * len(plots)
    (told,) = outcome.result["notices"][-1:]
    assert told["code"] == "images_left_out"
    assert "2 images are not shown here (more than 8 in one result)" in told["message"]


async def test_a_broken_image_does_not_make_its_cell_unreadable(
    jmcp: FakeJmcp, session: str
) -> None:
    shown = {
        "data": {"text/plain": "<Figure>", "image/png": cut(noise(IMAGE_EDGE_PIXELS * 2, 40), 0.5)},
        "metadata": {},
    }
    jmcp.kernels.script("plot()", ("display_data", shown))
    ran = await jmcp.call(
        "insert_execute_code_cell", session_id=session, cell_index=-1, cell_source="plot()"
    )
    read = await jmcp.call("read_cell", session_id=session, cell_id=ran["cell_id"])
    for result in (ran, read):
        assert result["outputs"][0]["text"] == "<Figure>"
        assert result["notices"][-1]["code"] == "images_left_out"


async def test_a_server_without_images_says_that_there_are_some() -> None:
    made = FakeJmcp(options={"api": api_of(Settings(images=False))})
    made.documents.write("a.ipynb", "plot")
    encoded = image("PNG")
    shown = {"data": {"image/png": encoded, "text/plain": "<Figure>"}, "metadata": {}}
    made.kernels.script("plot", ("display_data", shown))
    async with made.running():
        session = await made.open("a.ipynb")
        result: dict[str, Any] = {}
        for tool in ("execute_cell", "read_cell", "execute_cell_with_progress"):
            outcome = await made.outcome(tool, session_id=session, cell_index=0)
            assert outcome.result is not None, outcome.text
            result = outcome.result
            assert outcome.images == ()
            (notice,) = (n for n in result["notices"] if n["code"] == "images_left_out")
            assert notice["details"]["reasons"] == ["this server sends no images"]
            assert encoded not in outcome.text
    assert result["images"] == []
    assert result["text_outputs"] == ["[image/png, not shown: this server sends no images]"]
