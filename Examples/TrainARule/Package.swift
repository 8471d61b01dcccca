// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "TrainARule",
    platforms: [.macOS(.v26)],
    dependencies: [.package(name: "swift-l2o", path: "../..")],
    targets: [
        .executableTarget(
            name: "TrainARule",
            dependencies: ["LearnedOptimizers", "Optimizees", "MetaTraining", "Evaluation"].map {
                .product(name: $0, package: "swift-l2o")
            })
    ])
