"""A model file -> an ONNX graph of its network, by NumPy, h5py and onnx alone; no framework is needed.

Each module writes what one layer of `attention_ocr.model` computes. Dimensions as there; pictures and features lie as
ONNX has them, [B, C, H, W].
"""
