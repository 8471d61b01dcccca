import Files

// The messages of ONNX's onnx.proto, with its numbers of fields.

extension Graph {
    /// The message `onnx.GraphProto`.
    func message(name: String, summary: String) -> ProtobufMessage {
        var message = ProtobufMessage()
        for node in nodes { message.add(1, self.message(node)) }
        message.add(2, name)
        // Of numbers that were rounded to another type, only the rounded one is in use.
        let used = Set(nodes.flatMap(\.inputs))
        for constant in constants where used.contains(constant.value) { message.add(5, self.message(constant)) }
        message.add(10, summary)
        for (port, _) in inputPorts { message.add(11, port.message) }
        for (port, _) in outputPorts { message.add(12, port.message) }
        return message
    }

    /// `onnx.NodeProto`.
    private func message(_ node: Node) -> ProtobufMessage {
        var message = ProtobufMessage()
        for input in node.inputs { message.add(1, name(input)) }
        for output in node.outputs { message.add(2, name(output)) }
        message.add(4, node.operation)
        for attribute in node.attributes { message.add(5, attribute.value.message(name: attribute.name)) }
        return message
    }

    /// `onnx.TensorProto`.
    private func message(_ constant: Constant) -> ProtobufMessage {
        var message = ProtobufMessage()
        for length in constant.shape { message.add(1, Int64(length)) }
        message.add(2, constant.type.rawValue)
        message.add(8, name(constant.value))
        message.add(9, bytes: constant.bytes)
        return message
    }
}

extension Graph.Attribute {
    /// `onnx.AttributeProto`.
    fileprivate func message(name: String) -> ProtobufMessage {
        var message = ProtobufMessage()
        message.add(1, name)
        switch self {
        case .integer(let value):
            message.add(3, Int64(value))
            message.add(20, Int64(2))
        case .integers(let values):
            for value in values { message.add(8, Int64(value)) }
            message.add(20, Int64(7))
        }
        return message
    }
}

extension Port {
    /// `onnx.ValueInfoProto`.
    fileprivate var message: ProtobufMessage {
        var shapeMessage = ProtobufMessage()
        for axis in shape {
            var dimension = ProtobufMessage()
            switch axis {
            case .fixed(let count): dimension.add(1, Int64(count))
            case .symbol(let name): dimension.add(2, name)
            }
            shapeMessage.add(1, dimension)
        }
        var tensor = ProtobufMessage()
        tensor.add(1, type.rawValue)
        tensor.add(2, shapeMessage)
        var typeMessage = ProtobufMessage()
        typeMessage.add(1, tensor)
        var message = ProtobufMessage()
        message.add(1, name)
        message.add(2, typeMessage)
        message.add(3, summary)
        return message
    }
}
