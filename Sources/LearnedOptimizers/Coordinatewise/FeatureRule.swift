public import KernelTypes
public import NumericCore
import Optimizers

/// What distinguishes one coordinatewise learned optimizer from another: the features it reads, the shape of its
/// network and its constants.
public protocol FeatureRule: Sendable {
    associatedtype Map: FeatureConstants

    /// The name that weight files and the command line use.
    static var kind: String { get }
    /// One line for lists of rules.
    static var summary: String { get }
    /// The constants that weight files keep, with the values of the paper.
    static var constants: [RuleConstant] { get }
    /// How other projects' files say the same.
    static var conventions: [WeightConvention] { get }
    /// The network's shape for a number of hidden units and layers.
    static func layout(hidden: Int, layers: Int) -> NetworkLayout
    /// The kernels that compute these features.
    static func kernels(_ kernels: Kernels) -> NetworkKernels<Map>

    /// - Parameter constants: a value for each of `constants`.
    init(constants: [String: Double])
    /// What multiplies the network's output, in most maps: θ ← θ + scale · output.
    var scale: Double { get }
    /// The features' constants at step `step`, which counts from 1.
    func map(step: Int) -> Map
    /// The features of one coordinate once more, in double precision.
    ///
    /// - Parameters:
    ///   - rows: what the features remember, as many numbers as the layout's `featureRows`.
    ///   - g: the coordinate of the gradient.
    ///   - step: counts from 1.
    func referenceFeatures(_ rows: inout [Double], gradient g: Double, step: Int) -> [Double]
    /// Δθ of one coordinate in double precision: scale · output for rules with one output, unless they say otherwise.
    ///
    /// - Parameters:
    ///   - features: what `referenceFeatures` gave.
    ///   - outputs: the network's, after tanh where the layout has it.
    func referenceUpdate(features: [Double], outputs: [Double]) -> Double
}

extension FeatureRule {
    public static var conventions: [WeightConvention] { [] }

    public func referenceUpdate(features: [Double], outputs: [Double]) -> Double {
        precondition(outputs.count == 1, "a rule with several outputs says how they make an update")
        return scale * outputs[0]
    }

    /// The shape that weight files know: two layers.
    static func fileLayout(hidden: Int) -> NetworkLayout { layout(hidden: hidden, layers: 2) }

    static var descriptor: RuleDescriptor {
        RuleDescriptor(
            name: kind, summary: summary, constants: constants,
            size: RuleSize("hidden units", of: NetworkTensor.readoutWeight.rawValue, axis: 0) {
                "two LSTM layers of \($0)"
            },
            tensors: { hidden in
                let layout = fileLayout(hidden: hidden)
                return NetworkTensor.all(layout).map { ParameterShape($0.rawValue, $0.shape(layout)) }
            }, conventions: conventions, type: CoordinatewiseOptimizer<Self>.self)
    }
}
