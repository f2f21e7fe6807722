"""A stored result in the words and figures of the page. Reads JSON, computes nothing clinical.

Figures are formatted here, not in the template: attributes of <meter> and SVG need a full stop in every language.
"""
