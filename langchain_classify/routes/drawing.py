"""A router as a drawn graph: what classifies, and an edge for each route to its branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.graph import Graph, Node


def graph_of(
    router: Runnable[Any, Any],
    branches: Mapping[str, Runnable[Any, Any]],
    *,
    step: Runnable[Any, Any] | None,
    config: RunnableConfig | None,
) -> Graph:
    """The graph of a router.

    Args:
        router: the router itself, one node.
        branches: by route.
        step: what classifies, if the router has it done.
        config: as LangChain's components pass it on.
    """
    graph = Graph()
    first, node = graph.add_node(router.get_input_schema(config)), graph.add_node(router)
    last = graph.add_node(router.get_output_schema(config))
    if step is None:
        graph.add_edge(first, node)
    else:
        start, end = _added(graph, step, config)
        graph.add_edge(first, start)
        graph.add_edge(end, node)
    drawn = dict[int, Node]()
    for route, branch in branches.items():
        if id(branch) not in drawn:
            drawn[id(branch)], end = _added(graph, branch, config)
            graph.add_edge(end, last)
        # Without its brackets, which some renderers of labels stumble over.
        graph.add_edge(node, drawn[id(branch)], data=route.strip("()"), conditional=True)
    return graph


def _added(graph: Graph, part: Runnable[Any, Any], config: RunnableConfig | None) -> tuple[Node, Node]:
    """Adds the graph of a part, without its inputs and outputs; as one node where it has no one start and end."""
    own = part.get_graph(config)
    own.trim_first_node()
    own.trim_last_node()
    if own.first_node() is not None and own.last_node() is not None:
        start, end = graph.extend(own)
        if start is not None and end is not None:
            return start, end
    node = graph.add_node(part)
    return node, node
