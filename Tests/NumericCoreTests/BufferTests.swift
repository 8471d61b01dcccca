import NumericCore
import Testing

private func content(_ floats: AlignedFloats) -> [Float] {
    floats.withPointer { pointer in (0..<floats.count).map { pointer[$0] } }
}

private func address(_ floats: AlignedFloats) -> UInt { floats.withPointer { UInt(bitPattern: $0) } }

@Suite struct AlignedFloatsTests {
    @Test("Zeros at first, aligned to the widest vector", arguments: [0, 1, 31, 32, 1001])
    func start(count: Int) {
        let floats = AlignedFloats(count: count)
        #expect(content(floats) == [Float](repeating: 0, count: count))
        #expect(address(floats) % UInt(AlignedFloats.alignment) == 0)
    }

    @Test("A copy is a value of its own")
    func copies() {
        var original = AlignedFloats(count: 3)
        original.withMutablePointer { $0[1] = 5 }
        var copy = original
        #expect(address(copy) == address(original), "copies share until one changes")
        copy.withMutablePointer { $0[1] = 7 }
        #expect(content(original) == [0, 5, 0] && content(copy) == [0, 7, 0])
        #expect(address(copy) % UInt(AlignedFloats.alignment) == 0)
    }

    @Test("A value that nobody shares is changed in place")
    func inPlace() {
        var floats = AlignedFloats(count: 40)
        let before = address(floats)
        floats.withMutablePointer { $0[39] = 1 }
        #expect(address(floats) == before)
    }

    @Test("Taking over another's floats shares nothing, with it or with earlier copies")
    func takingOver() {
        var source = AlignedFloats(count: 2)
        source.withMutablePointer { $0[0] = 3 }
        var target = AlignedFloats(count: 2)
        target.withMutablePointer { $0[0] = 4 }
        let earlier = target
        target.copy(from: source)
        source.withMutablePointer { $0[1] = 9 }
        #expect(content(target) == [3, 0] && content(earlier) == [4, 0] && content(source) == [3, 9])
        let before = address(target)
        target.copy(from: earlier)
        #expect(address(target) == before && content(target) == [4, 0])
        target.copy(from: target)
        #expect(content(target) == [4, 0])
    }
}

@Suite struct ScratchPoolTests {
    @Test("Memory that was given back is used again, where it is large enough")
    func reuse() {
        let pool = ScratchPool()
        let first = pool.withScratch(floats: 100) { $0 }
        #expect(pool.withScratch(floats: 100) { $0 } == first)
        #expect(pool.withScratch(floats: 7) { $0 } == first)
        let larger = pool.withScratch(floats: 10_000) { $0 }
        #expect(larger != first)
        #expect(pool.withScratch(floats: 10_000) { $0 } == larger)
    }

    @Test("Memory in use is nobody else's, and aligned")
    func exclusive() {
        let pool = ScratchPool()
        pool.withScratch(floats: 0) { outer in
            pool.withScratch(floats: 10) { inner in
                #expect(inner != outer)
                #expect(Int(bitPattern: inner) % AlignedFloats.alignment == 0)
                #expect(Int(bitPattern: outer) % AlignedFloats.alignment == 0)
            }
        }
        let undisturbed = parallelMap(200) { task in
            pool.withScratch(floats: 512) { raw in
                let floats = raw.assumingMemoryBound(to: Float.self)
                for index in 0..<512 { floats[index] = Float(task) }
                return (0..<512).allSatisfy { floats[$0] == Float(task) }
            }
        }
        #expect(undisturbed.allSatisfy { $0 })
    }

    @Test("An error gives the memory back")
    func errors() {
        struct Failure: Error {}
        let pool = ScratchPool()
        var seen: UnsafeMutableRawPointer?
        #expect(throws: Failure.self) {
            try pool.withScratch(floats: 8) {
                seen = $0
                throw Failure()
            }
        }
        #expect(pool.withScratch(floats: 8) { $0 } == seen)
    }
}
