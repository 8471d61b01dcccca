public import Optimizees

/// The two tricks of Lv, Jiang, Li 2017 (section 4): random scaling, and a convex function beside the optimizee.
public struct PaperTricks: Sendable, Equatable {
    /// L of random scaling for the optimizee; 0 for none.
    public var scaling: Float
    /// What shares a scale.
    public var granularity = RandomScaling.Granularity.coordinate
    /// How a scale is drawn.
    public var distribution = RandomScaling.Distribution.exponential
    /// The probability that a coordinate takes part.
    public var keep: Float = 1
    /// Coordinates of the convex function that is added; 0 for none.
    public var convex: Int
    /// L of random scaling for the convex function.
    public var convexScaling: Float

    /// Both as in the paper, unless said otherwise.
    public init(scaling: Float = 3, convex: Int = 20, convexScaling: Float = 1) {
        self.scaling = scaling
        self.convex = convex
        self.convexScaling = convexScaling
    }

    /// Neither.
    public static let none = PaperTricks(scaling: 0, convex: 0, convexScaling: 0)

    private var scales: Bool { scaling > 0 || keep < 1 }

    /// The optimizee with these tricks.
    public func around(_ optimizee: any Optimizee) -> any Optimizee {
        let scaled: any Optimizee =
            scales
            ? RandomScaling(
                optimizee, range: scaling, granularity: granularity, distribution: distribution, keep: keep)
            : optimizee
        guard convex > 0 else { return scaled }
        let added: any Optimizee =
            convexScaling > 0
            ? RandomScaling(Convex(dimension: convex), range: convexScaling) : Convex(dimension: convex)
        return Combined(scaled, added)
    }

    /// What tasks are drawn from, by name.
    ///
    /// - Throws: `InputError` where the optimizee's own name cannot be read.
    public func names(around optimizee: String) throws -> TaskNames {
        var name = optimizee
        if scales {
            var options = "L=\(scaling)"
            if granularity != .coordinate { options += ",per=\(granularity.rawValue)" }
            if distribution != .exponential { options += ",draw=\(distribution.rawValue)" }
            if keep != 1 { options += ",keep=\(keep)" }
            name = "scaled(\(name),\(options))"
        }
        if convex > 0 {
            let function = convex == 20 ? "convex" : "convex:n=\(convex)"
            name += convexScaling > 0 ? "+scaled(\(function),L=\(convexScaling))" : "+\(function)"
        }
        return try TaskNames(name)
    }
}

extension PaperTricks {
    /// What of names is an optimizee and what its tricks; nil for a mixture, and where tricks are others or drawn.
    public static func split(_ names: TaskNames) -> (optimizee: String, tricks: PaperTricks)? {
        guard names.entries.count == 1 else { return nil }
        var template = names.entries[0].template
        var tricks = PaperTricks.none
        if case .sum(let first, let second) = template {
            guard let function = convex(second) else { return nil }
            template = first
            (tricks.convex, tricks.convexScaling) = function
        }
        guard case .scaled(let inner, let options) = template else { return ("\(template)", tricks) }
        for option in options {
            let text = option.value.description
            switch option.key {
            case "L": tricks.scaling = Float(text) ?? .nan
            case "keep": tricks.keep = Float(text) ?? .nan
            case "per": tricks.granularity = .init(rawValue: text) ?? tricks.granularity
            case "draw": tricks.distribution = .init(rawValue: text) ?? tricks.distribution
            default: return nil
            }
        }
        let isUsual = options.allSatisfy(\.value.isFixed) && tricks.scaling.isFinite && tricks.keep.isFinite
        return isUsual ? ("\(inner)", tricks) : nil
    }

    /// The size and L of a convex function.
    private static func convex(_ template: OptimizeeTemplate) -> (dimension: Int, scaling: Float)? {
        switch template {
        case .scaled(.entry("convex", let function), let options):
            guard let dimension = dimension(function), options.count == 1, options[0].key == "L",
                let scaling = Float(options[0].value.description)
            else { return nil }
            return (dimension, scaling)
        case .entry("convex", let function): return dimension(function).map { ($0, 0) }
        default: return nil
        }
    }

    private static func dimension(_ options: [OptimizeeTemplate.Option]) -> Int? {
        if options.isEmpty { return 20 }
        return options.count == 1 && options[0].key == "n" ? Int(options[0].value.description) : nil
    }
}
