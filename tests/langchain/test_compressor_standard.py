"""`ClassifyDocumentCompressor` keeps what every component and every compressor promises."""

from __future__ import annotations

from langchain_classify.compressor import ClassifyDocumentCompressor
from tests.langchain.suites.compressor import CompressorSuite


class TestClassifyDocumentCompressor(CompressorSuite):
    component = ClassifyDocumentCompressor
