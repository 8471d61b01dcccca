// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "UseAnOptimizer",
    platforms: [.macOS(.v26)],
    // In a program of your own: .package(url: "https://github.com/…/swift-l2o", branch: "main")
    dependencies: [.package(name: "swift-l2o", path: "../..")],
    targets: [
        .executableTarget(
            name: "UseAnOptimizer", dependencies: [.product(name: "LearnedOptimizers", package: "swift-l2o")])
    ])
