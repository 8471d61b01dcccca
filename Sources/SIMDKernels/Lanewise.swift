import Builtin

// Arithmetic lane by lane, as the vector instruction that it is.
//
// The standard library has loops over scalars for these. Whether the optimiser makes one instruction of such a loop
// depends on what surrounds it: kernels that used them ran from five to two hundred times slower after harmless changes.
// These overloads are more specific, so they are what an operator in this module means.

extension SIMD16<Float> {
    @_transparent
    private init(_ value: Builtin.Vec16xFPIEEE32) {
        self.init()
        _storage._value = value
    }

    @_transparent
    private var value: Builtin.Vec16xFPIEEE32 { _storage._value }

    @_transparent
    static func + (a: Self, b: Self) -> Self { Self(Builtin.fadd_Vec16xFPIEEE32(a.value, b.value)) }
    @_transparent
    static func - (a: Self, b: Self) -> Self { Self(Builtin.fsub_Vec16xFPIEEE32(a.value, b.value)) }
    @_transparent
    static func * (a: Self, b: Self) -> Self { Self(Builtin.fmul_Vec16xFPIEEE32(a.value, b.value)) }
    @_transparent
    static func / (a: Self, b: Self) -> Self { Self(Builtin.fdiv_Vec16xFPIEEE32(a.value, b.value)) }

    @_transparent
    static func += (a: inout Self, b: Self) { a = a + b }
    @_transparent
    static func + (a: Float, b: Self) -> Self { Self(repeating: a) + b }
    @_transparent
    static func - (a: Float, b: Self) -> Self { Self(repeating: a) - b }
    @_transparent
    static func / (a: Float, b: Self) -> Self { Self(repeating: a) / b }
    @_transparent
    static func * (a: Self, b: Float) -> Self { a * Self(repeating: b) }
    @_transparent
    static func + (a: Self, b: Float) -> Self { a + Self(repeating: b) }
    @_transparent
    static func - (a: Self, b: Float) -> Self { a - Self(repeating: b) }

    /// The square root of each lane.
    @_transparent
    func squareRoot() -> Self { Self(Builtin.int_sqrt_Vec16xFPIEEE32(value)) }

    /// Integers as floats.
    @_transparent
    init(_ integers: SIMD16<Int32>) {
        self.init(Builtin.sitofp_Vec16xInt32_Vec16xFPIEEE32(integers._storage._value))
    }

    #if NATIVE_FMA
        @_transparent
        static func fused(_ a: Self, _ b: Self, _ c: Self) -> Self {
            Self(Builtin.int_fma_Vec16xFPIEEE32(a.value, b.value, c.value))
        }
    #endif

    /// The first eight lanes.
    @_transparent
    var lowHalf: SIMD8<Float> { unsafeBitCast(self, to: (SIMD8<Float>, SIMD8<Float>).self).0 }
    /// The last eight lanes.
    @_transparent
    var highHalf: SIMD8<Float> { unsafeBitCast(self, to: (SIMD8<Float>, SIMD8<Float>).self).1 }

    /// The nearest half-precision numbers, as bits.
    @_transparent
    var halves: HalfVector {
        var result = HalfVector()
        result._storage._value = Builtin.bitcast_Vec16xFPIEEE16_Vec16xInt16(
            Builtin.fptrunc_Vec16xFPIEEE32_Vec16xFPIEEE16(value))
        return result
    }

    /// Half-precision numbers from their bits, exactly.
    @_transparent
    init(halves: HalfVector) {
        self.init(
            Builtin.fpext_Vec16xFPIEEE16_Vec16xFPIEEE32(
                Builtin.bitcast_Vec16xInt16_Vec16xFPIEEE16(halves._storage._value)))
    }
}

/// The bits of sixteen half-precision numbers.
typealias HalfVector = SIMD16<UInt16>

extension SIMD8<Float> {
    @_transparent
    private init(_ value: Builtin.Vec8xFPIEEE32) {
        self.init()
        _storage._value = value
    }

    @_transparent
    private var value: Builtin.Vec8xFPIEEE32 { _storage._value }

    @_transparent
    static func + (a: Self, b: Self) -> Self { Self(Builtin.fadd_Vec8xFPIEEE32(a.value, b.value)) }
    @_transparent
    static func * (a: Self, b: Self) -> Self { Self(Builtin.fmul_Vec8xFPIEEE32(a.value, b.value)) }

    /// The first four lanes.
    @_transparent
    var lowHalf: SIMD4<Float> { unsafeBitCast(self, to: (SIMD4<Float>, SIMD4<Float>).self).0 }
    /// The last four lanes.
    @_transparent
    var highHalf: SIMD4<Float> { unsafeBitCast(self, to: (SIMD4<Float>, SIMD4<Float>).self).1 }

    #if NATIVE_FMA
        @_transparent
        static func fused(_ a: Self, _ b: Self, _ c: Self) -> Self {
            Self(Builtin.int_fma_Vec8xFPIEEE32(a.value, b.value, c.value))
        }
    #endif
}

extension SIMD4<Float> {
    @_transparent
    static func + (a: Self, b: Self) -> Self {
        var result = a
        result._storage._value = Builtin.fadd_Vec4xFPIEEE32(a._storage._value, b._storage._value)
        return result
    }
}

/// a · b + c, rounded once where the processor does that in one instruction.
@inline(always)
func multiplyAdd(_ a: SIMD16<Float>, _ b: SIMD16<Float>, _ c: SIMD16<Float>) -> SIMD16<Float> {
    #if NATIVE_FMA
        SIMD16<Float>.fused(a, b, c)
    #else
        a * b + c
    #endif
}

@inline(always)
func multiplyAdd(_ a: SIMD8<Float>, _ b: SIMD8<Float>, _ c: SIMD8<Float>) -> SIMD8<Float> {
    #if NATIVE_FMA
        SIMD8<Float>.fused(a, b, c)
    #else
        a * b + c
    #endif
}

/// Asks for the cache lines of one of `parts` equal parts of the memory, without waiting for them. They come into the
/// second-level cache, for the first one is full of weights.
@inline(always)
func prefetch(_ memory: UnsafeRawBufferPointer, part: Int, of parts: Int) {
    let lineSize = 64
    let lines = memory.count / lineSize
    let (forReading, secondLevel, ofData) = (Int32(0)._value, Int32(2)._value, Int32(1)._value)
    for line in lines * part / parts..<lines * (part + 1) / parts {
        let address = memory.baseAddress.unsafelyUnwrapped + line * lineSize
        Builtin.int_prefetch_RawPointer(address._rawValue, forReading, secondLevel, ofData)
    }
}
