"""Pictures -> characters. Only keras and keras.ops are used here.

Dimensions: B batch, V views, H and W height and width of one view in pixels, h and w of the feature map,
C feature channels, N = V*h*w attention positions, A width of the attention's keys, T characters
(max_sequence_length), K classes (the null included), E entries of an embedded character, U LSTM units.
"""
