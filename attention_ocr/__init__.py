"""Reads text from pictures with attention: records, training, evaluation, export, reading.

Importing the package imports no framework; `from attention_ocr.reading.reader import Reader` does.
"""

__version__ = "0.1.0"
