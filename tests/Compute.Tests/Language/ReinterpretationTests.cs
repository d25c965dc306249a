using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>Bits taken for another type: casts of <see cref="Interop"/>, of references and of pointers; addresses of fields, in every kind of memory.</summary>
public sealed unsafe class ReinterpretationTests(Accelerators accelerators) : IClassFixture<Accelerators>
{
    private const int Length = 70;

    public struct Record
    {
        public byte Tag;
        public float Number;
        public int Count;
        public long Wide;
    }

    public static TheoryData<int> Widths() => Accelerators.Widths();

    [Theory]
    [MemberData(nameof(Widths))]
    public void NumbersBecomeTheirBitsAndBack(int bits)
    {
        var accelerator = accelerators[bits];
        var singles = Enumerable.Range(0, Length).Select(i => (i - 30) * 1.1f).ToArray();
        var doubles = singles.Select(number => number / 7.0).ToArray();
        using var a = accelerator.Allocate1D(singles);
        using var b = accelerator.Allocate1D(doubles);
        using var narrow = accelerator.Allocate1D<uint>(Length);
        using var wide = accelerator.Allocate1D<ulong>(Length);
        using var half = accelerator.Allocate1D<ushort>(Length);
        using var sizes = accelerator.Allocate1D<int>(4);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<float>, ArrayView<double>, ArrayView<uint>, ArrayView<ulong>, ArrayView<ushort>, ArrayView<int>>(TakeBits);
        kernel(Length, a.View, b.View, narrow.View, wide.View, half.View, sizes.View);
        Assert.Equal(singles.Select(BitConverter.SingleToUInt32Bits), narrow.GetAsArray1D());
        Assert.Equal(doubles.Select(BitConverter.DoubleToUInt64Bits), wide.GetAsArray1D());
        Assert.Equal(singles.Select(number => Interop.FloatAsInt((ILGPU.Half)number)), half.GetAsArray1D());
        Assert.Equal(singles.Select(number => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(number) ^ 0x80000001)), a.GetAsArray1D());
        Assert.Equal(doubles.Select(number => BitConverter.UInt64BitsToDouble(BitConverter.DoubleToUInt64Bits(number) ^ 0x8000000000000003)), b.GetAsArray1D());
        Assert.Equal([Interop.SizeOf<Record>(), Interop.OffsetOf<Record>(nameof(Record.Number)), Interop.OffsetOf<Record>(nameof(Record.Wide)), 2], sizes.GetAsArray1D());
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void ReferencesAndPointersAreCast(int bits)
    {
        var accelerator = accelerators[bits];
        var numbers = Enumerable.Range(1, 4 * Length).Select(i => i * 0x01020304).ToArray();
        using var input = accelerator.Allocate1D(numbers);
        using var output = accelerator.Allocate1D<long>(4 * Length);
        accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, ArrayView<long>>(CastReferences)(Length, input.View, output.View);
        var actual = output.GetAsArray1D();
        for (var i = 0; i < Length; i++)
        {
            Assert.Equal(BitConverter.Int32BitsToSingle(numbers[i]) > 0f ? 1 : 0, actual[4 * i]);
            Assert.Equal((uint)numbers[2 * i] | ((long)numbers[(2 * i) + 1] << 32), actual[(4 * i) + 1]);
            Assert.Equal((numbers[i] & 255) ^ ((numbers[i] >> 16) & 255), actual[(4 * i) + 2]);
            Assert.Equal(BitConverter.SingleToInt32Bits(numbers[i]), actual[(4 * i) + 3]);
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void FieldsAreWrittenByTheirAddresses(int bits)
    {
        var accelerator = accelerators[bits];
        var records = Enumerable.Range(0, 64).Select(i => new Record { Tag = (byte)i, Number = i * 0.5f, Count = i, Wide = -i }).ToArray();
        using var buffer = accelerator.Allocate1D(records);
        accelerator.LoadStreamKernel<ArrayView<Record>>(WriteFields)((2, 32), buffer.View);
        var actual = buffer.GetAsArray1D();
        for (var i = 0; i < 64; i++)
        {
            var neighbour = records[(i / 32 * 32) + ((i + 1) % 32)];
            Assert.Equal((byte)(i + 3), actual[i].Tag);
            Assert.Equal(neighbour.Number * 2f, actual[i].Number);
            Assert.Equal(i + (i % 32 == 0 ? 32 + 496 : 0), actual[i].Count);
            Assert.Equal(-i + (i * 10) + neighbour.Count, actual[i].Wide);
        }
    }

    private static void TakeBits(
        Index1D index, ArrayView<float> a, ArrayView<double> b, ArrayView<uint> narrow, ArrayView<ulong> wide, ArrayView<ushort> half, ArrayView<int> sizes)
    {
        narrow[index] = Interop.FloatAsInt(a[index]);
        wide[index] = Interop.FloatAsInt(b[index]);
        half[index] = Interop.FloatAsInt((ILGPU.Half)a[index]);
        a[index] = Interop.IntAsFloat(Interop.FloatAsInt(a[index]) ^ 0x80000001);
        b[index] = Interop.IntAsFloat(Interop.FloatAsInt(b[index]) ^ 0x8000000000000003);
        if (index == 0)
        {
            sizes[0] = Interop.SizeOf<Record>();
            sizes[1] = Interop.OffsetOf<Record>(nameof(Record.Number));
            sizes[2] = Interop.OffsetOf<Record>(nameof(Record.Wide));
            sizes[3] = Interop.SizeOf<ILGPU.Half>();
        }
    }

    private static void CastReferences(Index1D index, ArrayView<int> input, ArrayView<long> output)
    {
        output[4 * index] = Unsafe.As<int, float>(ref input[index]) > 0f ? 1 : 0;
        output[(4 * index) + 1] = Unsafe.As<int, long>(ref input[2 * index]);
        output[(4 * index) + 2] = Unsafe.As<int, byte>(ref input.Cast<short>().Cast<int>()[index]) ^ input.Cast<byte>()[(4 * index) + 2];
        var local = (float)input[index];
        output[(4 * index) + 3] = *(int*)&local;
    }

    private static void WriteFields(ArrayView<Record> records)
    {
        var shared = SharedMemory.Allocate<Record>(32);
        var i = Group.IdxX;
        var g = Grid.GlobalIndex.X;
        shared[i] = records[g];
        Group.Barrier();
        ref var count = ref records[Grid.IdxX * 32].Count;
        Atomic.Add(ref count, 1);
        Atomic.Add(ref count, i);
        records[g].Tag += 3;
        Double(ref shared[(i + 1) % 32].Number, out records[g].Number);
        var own = records[g];
        AddTo(ref own.Wide, g * 10);
        AddTo(ref own.Wide, shared[(i + 1) % 32].Count);
        records[g].Wide = own.Wide;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Double(ref float number, out float result) => result = number * 2f;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddTo(ref long number, long term) => number += term;
}
