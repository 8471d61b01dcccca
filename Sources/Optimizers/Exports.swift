// The shapes of parameters are part of what an optimizer is asked.
@_exported public import Parameters
