// What an optimizee's interface names: the shapes of parameters, and a network's activation.
@_exported public import NeuralNetworks
@_exported public import Parameters
