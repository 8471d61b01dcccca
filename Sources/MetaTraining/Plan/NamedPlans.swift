import Files
import Optimizees

extension MetaTrainingPlan {
    /// The plans that have a name.
    public static let named: [MetaTrainingPlan] = [
        .rnnpropPaper, .dmPaper, .rnnpropMixture, .evolutionMixture, .gateprop,
        .gatepropLate,
    ]

    /// The plan of a name, or of a file.
    ///
    /// - Throws: `InputError` where there is none, or it cannot be used.
    public static func find(_ name: String) throws -> MetaTrainingPlan {
        if let plan = named.first(where: { $0.name == name }) { return plan }
        if name.hasSuffix(".json") || name.contains("/") || fileExists(name) {
            return try MetaTrainingPlan(path: name)
        }
        throw InputError(
            name, "is neither a plan's name nor a file",
            advice: suggestion(for: name, among: named.map(\.name)) + "; l2o plan list has all")
    }

    /// How a kind of rule was trained in its paper; for one without a plan of its own, the mean of all losses on one
    /// optimizee, without tricks.
    public static func paper(_ optimizer: String) -> MetaTrainingPlan {
        if let plan = named.first(where: { $0.name == "\(optimizer)-paper" }) { return plan }
        var plan = dmPaper
        plan.name = "plain"
        plan.summary = "the mean of all losses on one optimizee, without tricks"
        plan.optimizer = optimizer
        return plan
    }

    /// RNNprop as in Lv, Jiang, Li 2017, section 4: both tricks, the last loss of a period, Adam at 1e-4.
    public static let rnnpropPaper: MetaTrainingPlan = {
        var plan = MetaTrainingPlan(optimizer: "rnnprop", tasks: names("scaled(mnist-mlp,L=3)+scaled(convex,L=1)"))
        plan.name = "rnnprop-paper"
        plan.summary = "RNNprop as in its paper: the base MLP with random scaling and a convex function"
        return plan
    }()

    /// DMoptimizer as in Lv, Jiang, Li 2017, section 4: the mean of a period's losses, chosen by validation.
    public static let dmPaper: MetaTrainingPlan = {
        var plan = MetaTrainingPlan(optimizer: "dm", tasks: names("mnist-mlp"))
        plan.name = "dm-paper"
        plan.summary = "DMoptimizer as in the same paper: the base MLP alone"
        plan.metaLoss = RawMetaLoss(losses: .mean)
        plan.selection = ValidationSelection()
        return plan
    }()

    /// Many small MLPs, horizons that grow, losses relative to their period's mean, a falling rate, averaged weights.
    public static let rnnpropMixture: MetaTrainingPlan = {
        var plan = MetaTrainingPlan(
            optimizer: "rnnprop",
            tasks: names(
                "mixture:scaled(mnist-mlp:pool=1|2|4,width=6~40,depth=1..6,activation=sigmoid|relu|elu|tanh,"
                    + "batch=32~256,initial=0.03~0.3,L=0|1|3)+scaled(convex,L=1)"))
        plan.name = "rnnprop-mixture"
        plan.summary = "RNNprop on many small MLPs with growing horizons: ten minutes on two cores"
        plan.iterations = 3600
        plan.metaBatch = 6
        var truncation = LogUniformTruncation()
        truncation.wantedValidationHorizon = 200
        plan.truncation = truncation
        var loss = PeriodMeanMetaLoss()
        loss.losses = .lastFew(4)
        plan.metaLoss = loss
        plan.selection = ValidationSelection()
        plan.metaOptimizer.rate = 1e-3
        plan.metaOptimizer.schedule = .cosine
        plan.metaOptimizer.finalRate = 2e-5
        plan.metaOptimizer.warmUp = 100
        plan.metaOptimizer.clip = 3
        plan.metaOptimizer.averages = [0.98, 0.995]
        plan.metaOptimizer.use = 0.995
        return plan
    }()

    /// Evolution strategies on small MLPs, wide ones and regressions among them, for a cheap rule with few weights.
    public static let evolutionMixture: MetaTrainingPlan = {
        var plan = MetaTrainingPlan(
            optimizer: "small-fc-lopt",
            tasks: names(
                "mixture:6*scaled(mnist-mlp:pool=1|2|4,width=6~40,depth=1..6,activation=sigmoid|relu|elu|tanh,"
                    + "batch=32~256,initial=0.03~0.3,L=0|0|0|0|1|3);"
                    + "4*mnist-mlp:pool=2|4,width=32~128,depth=1..6,activation=relu|relu|elu|sigmoid,batch=32~256;"
                    + "1.5*mlp-regression:inputs=2~32,width=6~40,depth=1..3,activation=tanh|relu|elu,scale=0.3~30,"
                    + "batch=32~256,initial=0.03~0.3"))
        plan.name = "es-mixture"
        plan.summary =
            "evolution strategies on MLPs small and wide and on regressions, for a cheap rule with few weights"
        plan.iterations = 5000
        plan.metaBatch = 24
        var truncation = LogUniformTruncation()
        truncation.unroll = 50
        truncation.longestAtFirst = 300
        truncation.longest = 3000
        truncation.growth = 0.5
        truncation.wantedValidationHorizon = 500
        plan.truncation = truncation
        plan.metaLoss = LogMetaLoss()
        plan.estimator = ReusedNoise()
        plan.metaOptimizer = rnnpropMixture.metaOptimizer
        plan.metaOptimizer.rate = 2e-3
        plan.metaOptimizer.finalRate = 1e-4
        plan.metaOptimizer.averages = [0.99, 0.999]
        plan.metaOptimizer.use = 0.999
        plan.selection = ValidationSelection()
        return plan
    }()

    private static let gatepropSmall =
        "scaled(mnist-mlp:pool=1|2|2|4,width=6~32,depth=1..6,activation=sigmoid|sigmoid|relu|elu|tanh,"
        + "batch=32~160,initial=0.03~0.3,L=0|0|0|0|1|3)"
    private static let gatepropWide =
        "mnist-mlp:pool=2|4|4,width=24~96,depth=1..6,activation=relu|relu|relu|elu|sigmoid|tanh,"
        + "batch=32~160,initial=0.05~0.2"
    private static let gatepropRegression =
        "mlp-regression:inputs=2~32,width=6~32,depth=1..3,activation=tanh|relu|elu,scale=0.3~30,"
        + "batch=32~160,initial=0.03~0.3"

    /// Gateprop by evolution strategies: small networks, wide and deep ones, which punish steps that small ones forgive, and
    /// regressions.
    public static let gateprop: MetaTrainingPlan = {
        var plan = evolutionMixture
        plan.name = "gateprop"
        plan.summary = "evolution strategies on MLPs small, wide and deep and on regressions"
        plan.optimizer = "gateprop"
        plan.tasks = names("mixture:6*\(gatepropSmall);3.5*\(gatepropWide);1.5*\(gatepropRegression)")
        plan.iterations = 4000
        var truncation = LogUniformTruncation()
        (truncation.unroll, truncation.longestAtFirst, truncation.longest) = (50, 300, 2500)
        (truncation.tilt, truncation.growth, truncation.wantedValidationHorizon) = (0.5, 0.5, 500)
        plan.truncation = truncation
        plan.metaOptimizer.rate = 3e-3
        plan.metaOptimizer.finalRate = 3e-5
        plan.metaOptimizer.warmUp = 50
        plan.metaOptimizer.averages = [0.99, 0.998]
        plan.metaOptimizer.use = 0.998
        return plan
    }()

    /// What `gateprop` lacks: deeper networks, and late steps, met after steps that nothing is learned from.
    public static let gatepropLate: MetaTrainingPlan = {
        var plan = gateprop
        plan.name = "gateprop-late"
        plan.summary = "goes on from gateprop's weights: deeper networks, and late steps"
        let deep = "mnist-mlp:pool=1|2|4,width=12~32,depth=6..10,activation=sigmoid,batch=64~160,initial=0.06~0.2"
        plan.tasks = names(
            "mixture:4.5*\(gatepropSmall);1.5*\(deep);3*\(gatepropWide);2*\(gatepropRegression)")
        plan.iterations = 900
        var truncation = LogUniformTruncation()
        (truncation.unroll, truncation.longestAtFirst, truncation.longest) = (50, 600, 2500)
        (truncation.tilt, truncation.growth, truncation.wantedValidationHorizon) = (0.5, 0.1, 500)
        (truncation.late, truncation.latest) = (0.25, 10_000)
        plan.truncation = truncation
        plan.metaOptimizer.rate = 1e-3
        plan.metaOptimizer.taskClip = 3
        return plan
    }()

    private static func names(_ text: String) -> TaskNames {
        do {
            return try TaskNames(text)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
