"""Learned optimizers: update rules with trained weights, in place of a formula with a learning rate to tune.

=============  =========================================================
``l2o.torch``  ``torch.optim.Optimizer``\\ s: ``Gateprop``, ``RNNprop``, …
``l2o.numpy``  the same in place on NumPy's arrays
``l2o.optax``  a ``GradientTransformation`` for JAX
=============  =========================================================

``python -m l2o`` says what there is on this machine. The command ``l2o`` trains, races and explains optimizers.
"""

from ._library import L2OError, StateError, kernels, names

__version__ = "0.1.0"
__all__ = ["L2OError", "StateError", "kernels", "names", "__version__"]
