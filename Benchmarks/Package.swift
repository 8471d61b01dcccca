// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "swift-l2o-benchmarks",
    platforms: [.macOS(.v26)],
    products: [.executable(name: "l2o-bench", targets: ["Benchmarks"])],
    dependencies: [
        // Named, since the folder of a clone may have any name.
        .package(name: "swift-l2o", path: "../"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        // The rate that everything is held against is that of the library that the optimizees use.
        .systemLibrary(name: "CSgemm", providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "CSgemm",
                .product(name: "LearnedOptimizers", package: "swift-l2o"),
                .product(name: "Optimizers", package: "swift-l2o"),
                .product(name: "Optimizees", package: "swift-l2o"),
                .product(name: "MetaTraining", package: "swift-l2o"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
