"""Distortions of a batch of pictures on the device that learns, on any backend of Keras.

Pictures are float32 [N, H, W, 3] in [0, 1], a view each; what describes each of them is [N, 1, 1, 1].
"""
