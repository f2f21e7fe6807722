"""Pages and files. Each view parses, calls one service or selector, and renders."""
