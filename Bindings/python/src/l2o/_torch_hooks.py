"""What PyTorch does around each step for those who listen, left out where nobody does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

try:
    from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks
except ImportError:  # another PyTorch, which may have them elsewhere
    _EVERYBODY = None
else:
    _EVERYBODY = (_global_optimizer_pre_hooks, _global_optimizer_post_hooks)


def _is_heard(optimizer: Any) -> bool:
    """Whether anybody hears of the optimizer's steps: hooks of its own, hooks of all optimizers, a profiler, a compiler."""
    return bool(
        optimizer._optimizer_step_pre_hooks or optimizer._optimizer_step_post_hooks or _EVERYBODY is None or any(_EVERYBODY)
        or torch.autograd._profiler_enabled() or torch.compiler.is_compiling())


def unheard_at_once(step: Callable[..., Any]) -> Callable[..., Any]:
    """
    A ``step`` of an optimizer's class with PyTorch's wrapper around it for those who listen. The wrapper takes longer than
    a step on a few small tensors.
    """
    heard = torch.optim.Optimizer.profile_hook_step(step)

    @functools.wraps(step)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return (heard if _is_heard(self) else step)(self, *args, **kwargs)

    # Optimizers wrap what does not say so.
    wrapper.hooked = True  # type: ignore[attr-defined]
    return wrapper
