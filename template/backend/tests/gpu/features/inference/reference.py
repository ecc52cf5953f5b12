"""A reference model service for the tests in `gpu/`: it reads text on images (OCR).

uv run --group inference-reference python -m backend.tests.gpu.features.inference.reference

RapidOCR's 30 MB wheel includes its models. With `onnxruntime-gpu` instead of `onnxruntime` it
uses an NVIDIA GPU.
"""

import argparse
import resource
import sys
from io import BytesIO
from threading import Lock

import onnxruntime
import uvicorn
from fastapi import FastAPI, HTTPException
from PIL import Image
from pydantic import Base64Bytes, BaseModel, Field
from rapidocr import RapidOCR

HAS_GPU = "CUDAExecutionProvider" in onnxruntime.get_available_providers()


class Batch(BaseModel):
    """Images, each in Base64."""

    images: list[Base64Bytes] = Field(max_length=64)


class Reader:
    """The model. It reads one image at a time, with all cores."""

    def __init__(self) -> None:
        cuda = {"EngineConfig.onnxruntime.use_cuda": HAS_GPU}
        self._model = RapidOCR(params={"Global.log_level": "error", **cuda})
        self._lock = Lock()

    def read(self, image: bytes) -> dict[str, object]:
        """Return the lines of text on an image as its labels.

        Raises:
            OSError: It is not an image.
        """
        picture = Image.open(BytesIO(image)).convert("RGB")
        with self._lock:
            found = self._model(picture)
        lines = zip(found.txts or (), found.scores or (), strict=True)
        return {"labels": [{"name": text[:200], "score": score} for text, score in lines][:100]}


def create_app() -> FastAPI:
    """Load the model and build the service; test_contract.py defines its contract."""
    app = FastAPI(title="Reference model service")
    reader = Reader()

    @app.get("/health")
    async def health() -> dict[str, object]:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {
            "model": "RapidOCR",
            "device": "cuda" if HAS_GPU else "cpu",
            "memory_bytes": most if sys.platform == "darwin" else most * 1024,
        }

    # Not `async`: FastAPI runs it in a thread, so that `/health` still answers.
    @app.post("/v1/labels")
    def label(batch: Batch) -> dict[str, object]:
        try:
            return {"results": [reader.read(image) for image in batch.images]}
        except OSError as error:
            raise HTTPException(422, "One of these is no image.") from error

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8082)
    uvicorn.run(create_app(), port=parser.parse_args().port, log_level="warning")
