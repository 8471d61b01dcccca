import Files
public import Optimizers

extension StateRecord: MetaBatchResult {
    public var bytes: [UInt8] { SafetensorsFile(tensors, metadata: counts.mapValues(\.description)).encoded() }

    public init(bytes: [UInt8]) {
        guard let file = try? SafetensorsFile(bytes: bytes, path: "a task's record") else {
            preconditionFailure("the bytes are those of a record")
        }
        self.init(counts: file.metadata.compactMapValues { Int($0) }, tensors: file.tensors)
    }
}
