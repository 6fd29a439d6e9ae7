"""Flows as pictures: as SVG, as a tree of lines, as Mermaid. Knows the model and the nodes; decides nothing."""

from callcenter.drawing.graph import Box, Graph, Way, graph_of
from callcenter.drawing.mermaid import mermaid
from callcenter.drawing.svg import svg
from callcenter.drawing.tree import tree

__all__ = ["Box", "Graph", "Way", "graph_of", "mermaid", "svg", "tree"]
