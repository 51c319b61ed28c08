"""Images of outputs, as a model gets them."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image as Picture

from jmcp_handlers.support.images import EDGE_PIXELS, scaled
from jmcp_handlers.support.output_results import RESULT_IMAGES
from tests.fakes.jmcp import FakeJmcp


def image(kind: str, width: int = 40, height: int = 20) -> str:
    target = io.BytesIO()
    Picture.new("RGB", (width, height)).save(target, kind)
    return base64.b64encode(target.getvalue()).decode()


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
async def test_a_small_image_is_as_it_was(kind: str, mime: str) -> None:
    data = image(kind)
    found = await scaled(mime, data)
    assert found is not None
    assert (found.mime_type, found.data) == (mime, data)


@pytest.mark.parametrize(("kind", "mime"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
async def test_a_large_one_is_scaled_to_what_models_look_at(kind: str, mime: str) -> None:
    found = await scaled(mime, image(kind, EDGE_PIXELS * 2, 100))
    assert found is not None
    with Picture.open(io.BytesIO(base64.b64decode(found.data))) as picture:
        assert (found.mime_type, picture.size) == ("image/png", (EDGE_PIXELS, 50))


@pytest.mark.parametrize("data", ["", "x", "!!!!", base64.b64encode(b"no image").decode()])
async def test_what_is_no_image_is_none(data: str) -> None:
    assert await scaled("image/jpeg", data) is None


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
