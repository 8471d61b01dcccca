"""Learned optimizers for JAX, as gradient transformations of optax.

    optimizer = l2o.optax.gateprop()
    state = optimizer.init(parameters)
    updates, state = optimizer.update(gradients, state, parameters, value=loss)
    parameters = optax.apply_updates(parameters, updates)

They are made of jax.numpy's operations: they compile, on every device, and combine with optax's other transformations. They
are guarded: updates that do harm are taken back, and Adam steps for a while, see ``guarded``; ``value``, the loss at these
gradients, is what the guard judges by. What acts on updates is best guarded too, a schedule for example:
``guarded(optax.chain(gateprop(guard=False), optax.scale_by_schedule(…)))``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from . import _optax_guard, _rules
from ._library import L2OError
from ._optax_guard import GuardState

__all__ = ["GuardState", "LearnedState", "gateprop", "guarded", "learned", "rnnprop"]


class LearnedState(NamedTuple):
    """What a rule remembers: steps taken, a memory for each tensor, and one of all together."""

    steps: Any
    tensors: Any
    shared: Any


def learned(specification: str, guard: bool = True) -> optax.GradientTransformationExtraArgs:
    """A learned rule by the name of shipped weights, or a file of weights.

    The updates are what the parameters change by, in float32, then in each parameter's own type. ``update`` needs the
    parameters, and takes the loss at these gradients as ``value``.

    Args:
        specification: the name or the file.
        guard: whether the rule is watched, see ``guarded``. Without it, ``value`` means nothing.
    """
    rule = _transformation(
        _rules.load(
            specification, lambda shape, values: jnp.asarray(np.frombuffer(values, np.float32).reshape(shape))))
    return guarded(rule) if guard else rule


def guarded(
    rule: optax.GradientTransformation, fallback: optax.GradientTransformation | None = None
) -> optax.GradientTransformationExtraArgs:
    """A transformation that is watched: where its updates do harm, they are taken back, and another steps for a while.

    Give ``update`` the loss at its gradients as ``value``: without it, the guard sees no more than gradients that overflow
    or grow a hundredfold. Where several devices each call ``update``, give all of them the same loss, or none.

    ``state.failures`` is how often updates were taken back; ``optax.tree.get(state, "failures")`` finds it in any chain.

    What counts as harm, when the rule has another try, and what is guaranteed is as for the library's other guards, but:

    - As long as nothing is harmful, an ``update`` that is compiled gives the bits that it gives without a guard. Where more
      is compiled together with it, the compiler may round that elsewhere.
    - Updates are taken back by one that is what was kept less what is there. Added to the parameters, it gives what was kept
      to rounding: in float32, off by a ten-millionth of the way back. The next one, with the fallback's first step, makes up
      for that.
      What is applied must be what this ``update`` gave: what stands after it in a chain acts on the way back as well, so put
      it inside: ``guarded(optax.chain(gateprop(guard=False), optax.scale(0.5)))``.
    - Nothing that is added to a parameter makes it finite again. So an update that would leave one that is not is harm at
      once, and is not given; parameters that became so in any other way stay so.

    Args:
        rule: what is watched; its updates are given in the parameters' types.
        fallback: what takes over; Adam at its usual rate of 0.001, unless another is given.
    """
    return _optax_guard.guarded(rule, _transformation(_rules.Adam({}, {})) if fallback is None else fallback)


def _transformation(rule: _rules.Rule) -> optax.GradientTransformationExtraArgs:
    def memory(p: Any) -> dict[str, Any]:
        return {name: jnp.zeros((rows, p.size), jnp.float32) for name, rows in rule.rows.items()} | {
            name: jnp.zeros(size, jnp.float32) for name, size in rule.of_tensor.items()}

    def init(parameters: Any) -> LearnedState:
        return LearnedState(
            jnp.zeros((), jnp.int32), [memory(p) for p in jax.tree.leaves(parameters)],
            {name: jnp.zeros(1, jnp.float32) for name in rule.of_all})

    def update(
        gradients: Any, state: LearnedState, parameters: Any = None, **extra: Any
    ) -> tuple[Any, LearnedState]:
        if parameters is None:
            raise L2OError("the rule looks at parameters; call update(gradients, state, parameters)")
        slopes, structure = jax.tree.flatten(gradients)
        values = structure.flatten_up_to(parameters)
        rows = [jnp.ravel(g).astype(jnp.float32) for g in slopes]
        steps, shared = state.steps + 1, state.shared
        if shared and any(g.size for g in rows):
            shared = rule.shared(jnp, [g for g in rows if g.size], shared, steps == 1)
        changes, memories = [], []
        for p, g, row, before in zip(values, slopes, rows, state.tensors):
            if g.size == 0:
                changes.append(jnp.zeros_like(p))
                memories.append(before)
                continue
            change, after = rule.change(
                jnp, jnp, steps.astype(jnp.float32), tuple(p.shape), jnp.ravel(p).astype(jnp.float32), row, before,
                shared)
            changes.append(change.reshape(p.shape).astype(p.dtype))
            memories.append(after)
        return structure.unflatten(changes), LearnedState(steps, memories, shared)

    return optax.GradientTransformationExtraArgs(init, update)


def gateprop(weights: str = "gateprop", guard: bool = True) -> optax.GradientTransformationExtraArgs:
    """Gates over normalised momenta: no learning rate to choose, no step budget."""
    return learned(weights, guard)


def rnnprop(weights: str = "rnnprop", guard: bool = True) -> optax.GradientTransformationExtraArgs:
    """RNNprop (Lv, Jiang, Li 2017)."""
    return learned(weights, guard)
