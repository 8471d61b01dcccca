// swift-tools-version: 6.2
import PackageDescription

// MARK: Settings, defined once

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// What touches no kernel and no C library but the system's marks where memory is handled by hand, with `unsafe`.
let safeSettings = settings + [.strictMemorySafety()]

/// Numeric loops are compiled optimised in debug builds too: unoptimised they are thirty to a hundred times slower,
/// and every test that trains goes through them. They stay slower than in release, which optimises a module as a whole.
/// Square roots need `-fno-math-errno` to become vector instructions;
/// else a branch to libm guards each one.
func numericSettings(_ flags: [String] = []) -> [SwiftSetting] {
    settings + [.unsafeFlags(["-O"] + (["-fno-math-errno"] + flags).flatMap { ["-Xcc", $0] })]
}

/// The kernels say each vector instruction themselves, with the compiler's own operations.
func kernelSettings(_ flags: [String] = [], defines: [String] = []) -> [SwiftSetting] {
    numericSettings(flags) + [.enableExperimentalFeature("BuiltinModule")] + defines.map { .define($0) }
}

#if arch(x86_64)
    /// The same sources once more for each instruction set, chosen at run time by NumericCore.
    let wideKernels: [Target] = [
        .target(
            name: "SIMDKernelsAVX2",
            dependencies: ["KernelTypes"],
            swiftSettings: kernelSettings(["-march=x86-64-v3"], defines: ["NATIVE_FMA"])),
        .target(
            name: "SIMDKernelsAVX512",
            dependencies: ["KernelTypes"],
            swiftSettings: kernelSettings(
                ["-march=x86-64-v4", "-mprefer-vector-width=512"], defines: ["NATIVE_FMA", "WIDE_REGISTERS"])),
        .target(
            name: "SIMDKernelsAVX512BF16",
            dependencies: ["KernelTypes", "CBFloat16"],
            swiftSettings: kernelSettings(
                ["-march=x86-64-v4", "-mavx512bf16", "-mprefer-vector-width=512"],
                defines: ["NATIVE_FMA", "WIDE_REGISTERS", "BFLOAT16_FACTORS"])),
    ]
#else
    let wideKernels: [Target] = []
#endif

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: dependencies + [.target(name: "TestSupport")],
        swiftSettings: settings)
}

/// What every optimizer's interface speaks of.
let optimizers = ["Optimizers", "Parameters", "Files"]

let package = Package(
    name: "swift-l2o",
    platforms: [.macOS(.v26)],
    products: [
        // Each comes with the modules whose types its interface names.
        .library(name: "LearnedOptimizers", targets: ["LearnedOptimizers", "NumericCore"] + optimizers),
        .library(name: "Optimizers", targets: optimizers),
        .library(name: "Optimizees", targets: ["Optimizees", "Parameters", "Datasets", "NumericCore", "Files"]),
        .library(name: "Interchange", targets: ["Interchange"] + optimizers),
        .library(name: "MetaTraining", targets: ["MetaTraining"]),
        .library(name: "Evaluation", targets: ["Evaluation", "Statistics"]),
        .library(name: "L2OCommands", targets: ["L2OCommands"]),
        .executable(name: "l2o", targets: ["l2o"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: wideKernels + [
        // MARK: The ground floor
        .target(name: "Platform", swiftSettings: safeSettings),
        .target(name: "Files", dependencies: ["Platform"], swiftSettings: safeSettings),
        .target(name: "Parameters", swiftSettings: safeSettings),
        .target(name: "RandomNumbers", dependencies: ["Platform"], swiftSettings: safeSettings),
        .target(name: "Statistics", dependencies: ["Platform", "RandomNumbers"], swiftSettings: safeSettings),

        // MARK: Numerics
        .target(name: "KernelTypes", swiftSettings: settings),
        .systemLibrary(name: "CProcessor"),
        .systemLibrary(name: "CBFloat16"),
        .target(
            name: "SIMDKernels", dependencies: ["KernelTypes"],
            swiftSettings: kernelSettings(defines: baselineDefines)),
        .target(
            name: "NumericCore",
            dependencies: ["Platform", "RandomNumbers", "CProcessor", "KernelTypes", "SIMDKernels"]
                + wideKernels.map { .target(name: $0.name) },
            swiftSettings: settings),

        // MARK: System libraries
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),

        // MARK: What is optimized, and what optimizes
        .target(
            name: "Datasets", dependencies: ["NumericCore", "Files", "Platform", "CProcessor", "CZlib"],
            swiftSettings: numericSettings()),
        .target(
            name: "NeuralNetworks", dependencies: ["Platform", "COneDNN"],
            swiftSettings: numericSettings()),
        .target(
            name: "Optimizees", dependencies: ["NeuralNetworks", "Parameters", "Datasets", "NumericCore", "Files"],
            swiftSettings: numericSettings()),
        .target(
            name: "Optimizers", dependencies: ["Parameters", "Files", "Platform"],
            swiftSettings: numericSettings() + [.strictMemorySafety()]),
        .target(
            name: "CShippedWeights",
            exclude: [
                "README.md", "gateprop.safetensors", "rnnprop-mnist.safetensors", "rnnprop-mnist-paper.safetensors",
            ]),
        .target(
            name: "LearnedOptimizers",
            dependencies: ["Optimizers", "KernelTypes", "NumericCore", "CShippedWeights", "Files"],
            swiftSettings: numericSettings()),
        .target(
            name: "Interchange",
            dependencies: ["LearnedOptimizers", "Optimizers", "KernelTypes", "NumericCore", "Files", "Platform"],
            swiftSettings: safeSettings),

        // MARK: Learning and measuring
        .target(
            name: "MetaTraining",
            dependencies: ["Statistics", "Optimizees", "LearnedOptimizers", "Optimizers", "NumericCore", "Files"],
            swiftSettings: safeSettings),
        .target(
            name: "Evaluation",
            dependencies: ["Statistics", "Optimizees", "Optimizers", "NumericCore", "Files", "Platform"],
            swiftSettings: safeSettings),
        .target(
            name: "ResultsStore",
            dependencies: [
                "Evaluation", "Optimizees", "Optimizers", "NumericCore", "Files", "Platform",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: safeSettings),
        .target(
            name: "PaperExperiments",
            dependencies: [
                "Evaluation", "Statistics", "MetaTraining", "Optimizees", "LearnedOptimizers", "Optimizers",
                "NumericCore", "Files", "Platform",
            ],
            swiftSettings: safeSettings),
        .target(
            name: "Reporting",
            dependencies: [
                "PaperExperiments", "Evaluation", "Statistics", "MetaTraining", "Optimizers", "NumericCore", "Files",
                "Platform",
            ],
            swiftSettings: safeSettings),
        .target(
            name: "Explanation", dependencies: ["Reporting", "Optimizees", "Optimizers", "NumericCore"],
            swiftSettings: safeSettings),
        .target(
            name: "HTMLReport",
            dependencies: [
                "Explanation", "Reporting", "PaperExperiments", "Evaluation", "Files", "Platform",
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            resources: [
                .embedInCode("Page/page.mustache"), .embedInCode("Page/explanation.mustache"),
                .embedInCode("Page/style.css"), .embedInCode("Page/script.js"),
            ],
            swiftSettings: safeSettings),
        .target(
            name: "Diagnosis",
            dependencies: [
                "MetaTraining", "Evaluation", "Statistics", "Reporting", "Optimizees", "LearnedOptimizers",
                "Optimizers", "NumericCore", "KernelTypes", "Files", "Platform",
            ],
            swiftSettings: safeSettings),

        // MARK: The command
        .target(
            name: "L2OCommands",
            dependencies: [
                "Datasets", "Optimizees", "Optimizers", "LearnedOptimizers", "MetaTraining", "Evaluation",
                "Statistics", "ResultsStore", "PaperExperiments", "Reporting", "Explanation", "HTMLReport",
                "Diagnosis", "Interchange", "NumericCore", "Files", "Platform",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: safeSettings),
        .executableTarget(
            name: "l2o", dependencies: ["L2OCommands"], swiftSettings: safeSettings),

        // MARK: Tests
        .target(
            name: "TestSupport", dependencies: ["Files", "NumericCore", "RandomNumbers"], path: "Tests/TestSupport",
            swiftSettings: settings),
        .target(
            name: "TestProblems", dependencies: ["Evaluation", "Optimizees", "NumericCore"],
            path: "Tests/TestProblems", swiftSettings: settings),
        // The kernels once more, with a feature map that no rule needs.
        .target(
            name: "TestKernels", dependencies: ["KernelTypes"], path: "Tests/TestKernels",
            swiftSettings: kernelSettings(defines: baselineDefines)),
        tests("Platform", ["Platform"]),
        tests("Files", ["Files", "RandomNumbers"]),
        tests("Parameters", ["Parameters"]),
        tests("RandomNumbers", ["RandomNumbers"]),
        tests("Statistics", ["Statistics", "RandomNumbers"]),
        tests("NumericCore", ["NumericCore", "KernelTypes"]),
        tests("Datasets", ["Datasets", "NumericCore", "Files", "CZlib"]),
        tests("NeuralNetworks", ["NeuralNetworks"]),
        tests("Optimizees", ["Optimizees", "Datasets", "NumericCore", "Files", "COneDNN"]),
        tests("Optimizers", ["Optimizers", "NumericCore", "Files"]),
        tests(
            "LearnedOptimizers",
            ["LearnedOptimizers", "Optimizers", "TestKernels", "KernelTypes", "NumericCore", "Files"]),
        tests(
            "Interchange",
            ["Interchange", "LearnedOptimizers", "Optimizers", "NumericCore", "Files"]),
        tests(
            "MetaTraining",
            ["MetaTraining", "Datasets", "Optimizees", "LearnedOptimizers", "Optimizers", "NumericCore", "Files"]),
        tests(
            "Evaluation",
            [
                "TestProblems", "Evaluation", "Statistics", "Optimizees", "LearnedOptimizers", "Optimizers",
                "NumericCore", "Files",
            ]),
        tests(
            "ResultsStore",
            [
                "ResultsStore", "Evaluation", "Optimizees", "LearnedOptimizers", "Optimizers", "NumericCore", "Files",
                .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests(
            "PaperExperiments",
            [
                "TestProblems", "PaperExperiments", "Statistics", "ResultsStore", "Evaluation", "Optimizees",
                "Datasets",
                "LearnedOptimizers", "Optimizers", "NumericCore", "Files",
            ]),
        tests(
            "Explanation",
            [
                "Explanation", "HTMLReport", "Reporting", "Datasets", "Optimizees", "LearnedOptimizers", "Optimizers",
                "NumericCore", "Files",
            ]),
        tests("Reporting", ["Reporting", "Evaluation", "MetaTraining", "Files", "NumericCore"]),
        tests(
            "HTMLReport",
            ["HTMLReport", "Reporting", "PaperExperiments", "Evaluation", "Statistics", "Files", "NumericCore"]),
        tests(
            "Diagnosis",
            ["Diagnosis", "MetaTraining", "Optimizees", "LearnedOptimizers", "Optimizers", "NumericCore", "Files"]),
        tests(
            "CommandLine",
            [
                "l2o", "PaperExperiments", "Interchange", "LearnedOptimizers", "Optimizers", "Evaluation",
                "ResultsStore", "NumericCore", "Files",
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// Tests of a few targets alone, as `L2O_TESTS="NumericCore Files"`: what the others need is then not built.
if let wanted = Context.environment["L2O_TESTS"]?.split(separator: " ").map({ "\($0)Tests" }) {
    package.targets.removeAll { $0.type == .test && !wanted.contains($0.name) }
}

/// NEON multiplies and adds in one instruction; x86-64 without extensions would call a function for it.
var baselineDefines: [String] {
    #if arch(arm64)
        ["NATIVE_FMA"]
    #else
        []
    #endif
}
