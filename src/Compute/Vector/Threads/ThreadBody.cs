namespace Engine.Compute.Vector.Threads;

/// <summary>Runs one thread of a group until it must meet others, or to its end. Where it stands is in its frame.</summary>
/// <param name="arguments">The argument block.</param>
/// <param name="launch">The dimensions of the launch.</param>
/// <param name="gridX">The group's index along X.</param>
/// <param name="gridY">The group's index along Y.</param>
/// <param name="gridZ">The group's index along Z.</param>
/// <param name="scratch">The group's scratch memory: shared arrays first, then the threads' frames, dynamic shared memory last.</param>
/// <param name="frame">The thread's frame: see <see cref="ThreadFrame"/>.</param>
/// <returns>Number of the meeting that the thread waits at, from 1 on in program order; 0 where it has ended.</returns>
internal unsafe delegate int ThreadBody(byte* arguments, LaunchInfo* launch, int gridX, int gridY, int gridZ, byte* scratch, byte* frame);
