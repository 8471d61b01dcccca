public import KernelTypes
public import NumericCore
import Optimizers

/// What distinguishes one coordinatewise learned optimizer from another: the features it reads, the shape of its
/// network and its constants.
public protocol FeatureRule: Sendable {
    associatedtype Map: Sendable

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
    static func stepKernel(_ kernels: Kernels) -> Kernels.Step<Map>
    static func backwardKernel(_ kernels: Kernels) -> Kernels.Backward<Map>

    /// - Parameter constants: a value for each of `constants`.
    init(constants: [String: Double])
    /// What multiplies the network's output: θ ← θ + scale · output.
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
}

extension FeatureRule {
    public static var conventions: [WeightConvention] { [] }

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
