"""The guard in jax.numpy's operations: ``GuardWatch`` and ``GuardedOptimizer`` of the Swift library, traced."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ._library import L2OError

_SLACK = 0.01
_GROWTH = 100
_SHORTEST, _LONGEST = 10, 160
# The longest is the library's but for its range: twice as many are still an int32.
_SHORTEST_WAIT, _LONGEST_WAIT = 20, 1 << 29

_RULE, _FALLBACK, _NOTHING = range(3)


def _whole(value: int) -> Any:
    return jnp.full((), value, jnp.int32)


def _single(value: float) -> Any:
    return jnp.full((), value, jnp.float32)


def _where(condition: Any, yes: Any, no: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)


class GuardWindow(NamedTuple):
    """What a guard saw in some steps one after the other: the steps, and those among them whose losses are known.

    JAX has no double precision unless it is asked for, and in single precision Σ loss² / n − mean² is noise where losses
    vary by less than a thousandth of themselves: six such deviations are as much as the hundredth that harm is told by. So
    the mean and the squared deviations from it are running ones (Welford), which lose some 10⁻⁶ of themselves in 160 steps.
    Deviations of 10¹⁹ overflow, and then no mean is harm; a single loss still may be.
    """

    steps: Any
    losses: Any
    mean: Any
    deviations: Any
    least: Any
    largest: Any
    gradient: Any

    @classmethod
    def empty(cls) -> GuardWindow:
        """Of no steps."""
        return cls(
            _whole(0), _whole(0), _single(0), _single(0), _single(jnp.inf), _single(-jnp.inf), _single(0))

    def add(self, loss: Any, gradient: Any) -> GuardWindow:
        """With one step more."""
        window = self._replace(steps=self.steps + 1, gradient=jnp.maximum(self.gradient, gradient))
        if loss is None:
            return window
        losses, off = self.losses + 1, loss - self.mean
        mean = self.mean + off / losses
        return window._replace(
            losses=losses, mean=mean, deviations=self.deviations + off * (loss - mean),
            least=jnp.minimum(self.least, loss), largest=jnp.maximum(self.largest, loss))

    def ceiling(self) -> Any:
        """The largest loss that is no sign of harm after this window."""
        slack = jnp.where(self.losses == 1, 1, _SLACK)
        value = self.largest + 10 * (self.largest - self.least) + slack * jnp.abs(self.largest)
        return jnp.where(self.losses > 0, value, jnp.inf)

    def bound(self, count: Any) -> Any:
        """The largest mean loss over so many steps that is no sign of harm after this window."""
        own, other = jnp.maximum(self.losses, 1), jnp.maximum(count, 1)
        noise = jnp.sqrt(self.deviations / own * (1 / own + 1 / other))
        value = self.mean + 6 * noise + jnp.where(self.losses == 1, 0.5, _SLACK) * jnp.abs(self.mean)
        return jnp.where((self.losses > 0) & (count > 0), value, jnp.inf)


class GuardWatch(NamedTuple):
    """Judges the steps of a rule by the losses that they lead to."""

    best: GuardWindow
    current: GuardWindow
    length: Any

    @classmethod
    def after(cls, best: GuardWindow) -> GuardWatch:
        """Before a first step, with what was seen before it."""
        return cls(best, GuardWindow.empty(), _whole(_SHORTEST))

    def see(self, loss: Any, gradient: Any) -> tuple[GuardWatch, Any, Any]:
        """It after a step, whether that is harm, and the steps of a window that it ends well, else 0."""
        best = self.best
        harm = ~jnp.isfinite(gradient) | (
            (best.losses == 0) & (best.gradient > 0) & (gradient > _GROWTH * best.gradient))
        if loss is not None:
            harm |= ~jnp.isfinite(loss) | (loss > best.ceiling())
        # The first loss of all is what the first window is compared with.
        best = _where(best.steps == 0, best.add(loss, gradient), best)
        current = self.current.add(loss, gradient)
        ends = current.steps >= self.length
        harm |= ends & (current.losses > 0) & ~(current.mean <= best.bound(current.losses))
        better = (best.losses <= 1) | (current.losses > 0) & (current.mean < best.mean)
        after = GuardWatch(
            _where(ends & better, current, best), _where(ends, GuardWindow.empty(), current),
            jnp.where(ends, jnp.minimum(2 * self.length, _LONGEST), self.length))
        return after, harm, jnp.where(ends & ~harm, self.length, 0)

    def note(self, loss: Any, gradient: Any, remaining: Any) -> GuardWatch:
        """Sees what a later try of the rule is to be compared with: the last steps, from 20 to 60, before it."""
        anew = (self.current.steps >= 40) & (remaining > 20)
        return self._replace(current=_where(anew, GuardWindow.empty(), self.current).add(loss, gradient))


class GuardCounts(NamedTuple):
    """All that a guard knows but for rules' memories and parameters."""

    # Steps that were asked for, and how often the rule's were taken back.
    steps: Any
    failures: Any
    # Steps that the fallback is still to take; 0 while the rule steps; and those after the next failure.
    wait: Any
    next_wait: Any
    # Steps since the rule's last try began, those of the window under way left out.
    proven: Any
    watch: GuardWatch

    @classmethod
    def fresh(cls) -> GuardCounts:
        """Before the first step."""
        return cls(
            _whole(0), _whole(0), _whole(0), _whole(_SHORTEST_WAIT), _whole(0), GuardWatch.after(GuardWindow.empty()))

    def tried(self, watch: GuardWatch, good: Any) -> GuardCounts:
        """After a step of the rule, which ends a window of so many steps well."""
        proven = jnp.minimum(self.proven + good, _LONGEST_WAIT)
        anew = (good > 0) & (proven >= self.next_wait)
        return self._replace(watch=watch, proven=proven, next_wait=jnp.where(anew, _SHORTEST_WAIT, self.next_wait))

    def rested(self, loss: Any, gradient: Any) -> GuardCounts:
        """After a step of the fallback."""
        watch, wait = self.watch.note(loss, gradient, self.wait), self.wait - 1
        return self._replace(
            wait=wait, proven=jnp.where(wait == 0, 0, self.proven),
            watch=_where(wait == 0, GuardWatch.after(watch.current), watch))

    def failed(self) -> GuardCounts:
        """After harm."""
        return self._replace(
            failures=self.failures + 1, wait=self.next_wait, next_wait=jnp.minimum(2 * self.next_wait, _LONGEST_WAIT),
            watch=GuardWatch.after(GuardWindow.empty()))


class Kept(NamedTuple):
    """What is come back to."""

    parameters: Any
    rule: Any


class GuardState(NamedTuple):
    """Both rules' states, what is kept, and what was seen."""

    counts: GuardCounts
    rule: Any
    fallback: Any
    kept: Kept

    @property
    def failures(self) -> Any:
        """How often the guard took steps back."""
        return self.counts.failures


def _largest(gradients: Any) -> Any:
    """The largest magnitude, or what is not finite."""
    sizes = [jnp.max(jnp.abs(g), initial=0).astype(jnp.float32) for g in jax.tree.leaves(gradients)]
    return jnp.max(jnp.stack(sizes)) if sizes else _single(0)


def _stay_finite(parameters: Any, updates: Any) -> Any:
    """Whether no parameter that is finite becomes one that is not."""
    told = jax.tree.map(lambda p, u: jnp.all(jnp.isfinite(p + u) | ~jnp.isfinite(p)), parameters, updates)
    return jnp.all(jnp.stack([_single(1) > 0, *jax.tree.leaves(told)]))


def guarded(
    rule: optax.GradientTransformation, fallback: optax.GradientTransformation
) -> optax.GradientTransformationExtraArgs:
    """A transformation that is watched; see ``l2o.optax.guarded``."""
    rule, fallback = optax.with_extra_args_support(rule), optax.with_extra_args_support(fallback)

    def init(parameters: Any) -> GuardState:
        # No array is there twice, or is the parameters': states and parameters may be donated together.
        return GuardState(
            GuardCounts.fresh(), rule.init(parameters), fallback.init(parameters),
            Kept(jax.tree.map(jnp.zeros_like, parameters), rule.init(parameters)))

    def update(
        gradients: Any, state: GuardState, parameters: Any = None, *, value: Any = None, **extra: Any
    ) -> tuple[Any, GuardState]:
        if parameters is None:
            raise L2OError("the guard looks at parameters; call update(gradients, state, parameters)")
        loss = None
        if value is not None:
            extra["value"] = value
            if jnp.size(value) != 1:
                raise L2OError(f"value is to be the loss, one number, and has the shape {jnp.shape(value)}")
            loss = jnp.reshape(jnp.asarray(value, jnp.float32), ())

        counts = state.counts
        rests, watch = counts.wait > 0, counts.watch
        size = jax.lax.cond(
            rests | (counts.steps % 8 == 0), lambda: _largest(gradients), lambda: _single(0))
        finite = jnp.isfinite(size) if loss is None else jnp.isfinite(size) & jnp.isfinite(loss)
        seen, harm, good = watch.see(loss, size)
        harm &= ~rests

        # What the fallback's last step leads to, or what the first call begins with, is there at a try's first call only.
        begins = (watch.current.steps == 0) & (watch.length == _SHORTEST)
        kept = jax.lax.cond(
            ~rests & (begins | (good > 0)), lambda: Kept(parameters, state.rule), lambda: state.kept)

        def step(which: optax.GradientTransformationExtraArgs, memory: Any) -> tuple[Any, Any]:
            updates, memory = which.update(gradients, memory, parameters, **extra)
            return jax.tree.map(lambda u, p: u.astype(p.dtype), updates, parameters), memory

        def step_rule() -> tuple[Any, Any, Any]:
            return *step(rule, state.rule), state.fallback

        # While it rests, the rule's memory is what it is to go on with.
        def step_fallback() -> tuple[Any, Any, Any]:
            updates, memory = step(fallback, state.fallback)
            return updates, state.kept.rule, memory

        def nothing() -> tuple[Any, Any, Any]:
            return jax.tree.map(jnp.zeros_like, parameters), state.kept.rule, state.fallback

        move = jnp.where(rests, jnp.where(finite, _FALLBACK, _NOTHING), jnp.where(harm, _NOTHING, _RULE))
        updates, memory, other = jax.lax.switch(move, (step_rule, step_fallback, nothing))

        # What is added to parameters can bring back all but those that are no longer finite. So they do not get there.
        lost = (move == _RULE) & ~_stay_finite(parameters, updates)
        # A sum may round, and a chain may shorten the way back: until the fallback has stepped, there is more of it to go.
        updates = jax.lax.cond(
            harm | lost | rests & (watch.current.steps == 0), lambda: jax.tree.map(
                lambda u, k, p: jnp.where(lost, jnp.zeros_like(u), u) + (k - p), updates, kept.parameters, parameters),
            lambda: updates)

        counts = _where(
            move == _RULE, counts.tried(seen, good), _where(move == _FALLBACK, counts.rested(loss, size), counts))
        counts = _where(harm | lost, counts.failed(), counts)
        return updates, GuardState(counts._replace(steps=counts.steps + 1), memory, other, kept)

    return optax.GradientTransformationExtraArgs(init, update)
