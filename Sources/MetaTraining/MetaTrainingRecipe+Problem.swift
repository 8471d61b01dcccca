public import Optimizees

extension MetaTrainingRecipe {
    /// What is trained on: the optimizee with the paper's two tricks, as far as the recipe has them (section 4).
    ///
    /// - Parameters:
    ///   - optimizee: what is trained on.
    ///   - granularity: what shares a scale.
    ///   - distribution: how a scale is drawn.
    ///   - keep: the probability that a coordinate takes part.
    public func task(
        _ optimizee: any Optimizee, granularity: RandomScaling.Granularity = .coordinate,
        distribution: RandomScaling.Distribution = .exponential, keep: Float = 1
    ) -> any Optimizee {
        let scaled: any Optimizee =
            scaling > 0 || keep < 1
            ? RandomScaling(
                optimizee, range: scaling, granularity: granularity, distribution: distribution, keep: keep)
            : optimizee
        guard convex > 0 else { return scaled }
        let added: any Optimizee =
            convexScaling > 0
            ? RandomScaling(Convex(dimension: convex), range: convexScaling) : Convex(dimension: convex)
        return Combined(scaled, added)
    }
}
