// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CL2O
import Files
import LearnedOptimizers
import NumericCore
import Optimizers

// The functions of the header, where each is described. The compiler refuses a signature that differs from it.

@implementation @c
public func l2o_error_message() -> UnsafePointer<CChar>? { LastMessage.pointer }

@implementation @c
public func l2o_api_version(_ version: UnsafeMutablePointer<Int32>?) -> Int32 {
    answering { try required(version, "version").pointee = L2O_API_VERSION }
}

@implementation @c
public func l2o_names(
    _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int64, _ size: UnsafeMutablePointer<Int64>?
) -> Int32 {
    answering { try write(OptimizerSpecification.names.joined(separator: "\n"), buffer, capacity, size) }
}

@implementation @c
public func l2o_kernels(
    _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int64, _ size: UnsafeMutablePointer<Int64>?
) -> Int32 {
    answering {
        try Kernels.checkSelection()
        try write(Kernels.selected.name, buffer, capacity, size)
    }
}

@implementation @c
public func l2o_weights(
    _ nameOrPath: UnsafePointer<CChar>?, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int64,
    _ size: UnsafeMutablePointer<Int64>?
) -> Int32 {
    answering {
        let text = String(cString: try required(nameOrPath, "name_or_path"))
        _ = try write(WeightsOrigin(text).weights().safetensors().encoded(), buffer, capacity, size)
    }
}

@implementation @c
public func l2o_create(
    _ specification: UnsafePointer<CChar>?, _ tensors: Int64, _ ranks: UnsafePointer<Int32>?,
    _ dimensions: UnsafePointer<Int64>?, _ names: UnsafePointer<UnsafePointer<CChar>?>?,
    _ handle: UnsafeMutablePointer<l2o_handle>?
) -> Int32 {
    answering {
        let handle = try required(handle, "handle")
        handle.pointee = 0
        let text = String(cString: try required(specification, "specification"))
        try Kernels.checkSelection()
        let optimizer = try OptimizerSpecification(text).optimizer()
        let layout = try readLayout(tensors, ranks, dimensions, names)
        let bytes = try stateBytes(of: layout, optimizer)
        try checkMemory(bytes)
        handle.pointee = Handles.add(Holder(makeSession(optimizer, layout), stateBytes: bytes))
    }
}

@implementation @c
public func l2o_destroy(_ handle: l2o_handle) -> Int32 { answering { try Handles.remove(handle) } }

@implementation @c
public func l2o_copy(_ handle: l2o_handle, _ copy: UnsafeMutablePointer<l2o_handle>?) -> Int32 {
    answering {
        let copy = try required(copy, "copy")
        copy.pointee = 0
        let holder = try Handles.holder(handle)
        try checkMemory(holder.stateBytes)
        let other = holder.alone { Holder(holder.session.copy(), stateBytes: holder.stateBytes) }
        other.threads = holder.threads
        copy.pointee = Handles.add(other)
    }
}

@implementation @c
public func l2o_set_threads(_ handle: l2o_handle, _ threads: Int32) -> Int32 {
    answering {
        let holder = try Handles.holder(handle)
        guard (0...1024).contains(threads) else { throw Failure.argument("threads is \(threads); give 0 to 1024") }
        holder.alone { holder.threads = Int(threads) }
    }
}

@implementation @c
public func l2o_step(
    _ handle: l2o_handle, _ parameters: UnsafePointer<UnsafeMutablePointer<Float>?>?,
    _ gradients: UnsafePointer<UnsafePointer<Float>?>?, _ options: UnsafePointer<l2o_step_options>?
) -> Int32 {
    answering {
        let holder = try Handles.holder(handle)
        let options = try StepOptions(options)
        try holder.alone {
            let places = try readPlaces(holder.session.layout, parameters, gradients, options)
            guard places.contains(where: { $0.gradient != nil }) else { return }
            holder.exported = nil
            holder.session.step(places, loss: options.loss)
        }
    }
}

@implementation @c
public func l2o_steps_taken(_ handle: l2o_handle, _ steps: UnsafeMutablePointer<Int64>?) -> Int32 {
    answering {
        try write(steps, "steps", of: handle) { holder in holder.alone { holder.session.steps } }
    }
}

@implementation @c
public func l2o_failures(_ handle: l2o_handle, _ failures: UnsafeMutablePointer<Int64>?) -> Int32 {
    answering {
        try write(failures, "failures", of: handle) { holder in holder.alone { holder.session.failures } }
    }
}

@implementation @c
public func l2o_state_bytes(_ handle: l2o_handle, _ bytes: UnsafeMutablePointer<Int64>?) -> Int32 {
    answering {
        try write(bytes, "bytes", of: handle) { $0.stateBytes }
    }
}

@implementation @c
public func l2o_export(
    _ handle: l2o_handle, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int64, _ size: UnsafeMutablePointer<Int64>?
) -> Int32 {
    answering {
        let holder = try Handles.holder(handle)
        try holder.alone {
            if holder.exported == nil {
                try checkMemory(3 * holder.stateBytes)
                holder.exported = holder.session.file().encoded()
            }
            try write(holder.exported!, buffer, capacity, size)
            holder.exported = nil
        }
    }
}

@implementation @c
public func l2o_import(_ handle: l2o_handle, _ buffer: UnsafeRawPointer?, _ size: Int64) -> Int32 {
    answering {
        let holder = try Handles.holder(handle)
        guard size >= 0 else { throw Failure.argument("size is \(size); give the number of bytes") }
        let memory = size == 0 ? nil : try required(buffer, "buffer")
        let bytes = [UInt8](UnsafeRawBufferPointer(start: memory, count: Int(size)))
        try checkMemory(3 * holder.stateBytes)
        do {
            try holder.alone {
                try holder.session.restore(try SafetensorsFile(bytes: bytes, path: bufferName))
                holder.exported = nil
            }
        } catch let error as InputError {
            throw Failure(code: L2O_INVALID_STATE, message: error.description)
        }
    }
}
