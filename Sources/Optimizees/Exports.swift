// The shapes of parameters are part of what an optimizee says.
@_exported public import Parameters
