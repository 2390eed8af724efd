"""Jobs about checkpoints: list, load, forget."""

from __future__ import annotations

from collections.abc import Iterator

from engine.jobs import Context, handles
from engine.messages import Event, ListModels, LoadModel, ModelList, ModelLoaded, ModelUnloaded, UnloadModel


@handles(LoadModel)
def load_model(request: LoadModel, context: Context) -> Iterator[Event]:
    """Read a checkpoint in steps; the models in use stay whatever happens."""
    done = False
    for event in context.library.load(request.path, strict=True):
        done = done or isinstance(event, ModelLoaded)
        yield event
    if not done:  # it was there
        yield ModelLoaded(info=context.library.get(request.path)[1], seconds=0.0)


@handles(UnloadModel)
def unload_model(request: UnloadModel, context: Context) -> Iterator[Event]:
    """Forget a model."""
    context.library.unload(request.name)
    yield ModelUnloaded(name=request.name)


@handles(ListModels)
def list_models(request: ListModels, context: Context) -> Iterator[Event]:
    """Headers of all checkpoints of the library, and what is wrong with the broken ones."""
    models, broken = context.library.scan()
    yield ModelList(models=tuple(models), broken=tuple(broken))
