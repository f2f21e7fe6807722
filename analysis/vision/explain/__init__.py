"""Where in the image a network found its evidence (SPEC A8), and how far each such map can be trusted.

Maps are signed and raw; display scaling is `overlay`'s matter.
"""
