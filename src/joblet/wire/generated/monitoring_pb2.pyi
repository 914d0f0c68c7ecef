from joblet.wire.generated import joblet_pb2 as _joblet_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SystemStatusRes(_message.Message):
    __slots__ = ("timestamp", "available", "host", "cpu", "memory", "disks", "networks", "io", "processes", "cloud", "jobs")
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    CPU_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    DISKS_FIELD_NUMBER: _ClassVar[int]
    NETWORKS_FIELD_NUMBER: _ClassVar[int]
    IO_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    CLOUD_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    timestamp: str
    available: bool
    host: HostInfo
    cpu: CPUMetrics
    memory: MemoryMetrics
    disks: _containers.RepeatedCompositeFieldContainer[DiskMetrics]
    networks: _containers.RepeatedCompositeFieldContainer[NetworkMetrics]
    io: IOMetrics
    processes: ProcessMetrics
    cloud: CloudInfo
    jobs: _containers.RepeatedCompositeFieldContainer[JobMetrics]
    def __init__(self, timestamp: _Optional[str] = ..., available: _Optional[bool] = ..., host: _Optional[_Union[HostInfo, _Mapping]] = ..., cpu: _Optional[_Union[CPUMetrics, _Mapping]] = ..., memory: _Optional[_Union[MemoryMetrics, _Mapping]] = ..., disks: _Optional[_Iterable[_Union[DiskMetrics, _Mapping]]] = ..., networks: _Optional[_Iterable[_Union[NetworkMetrics, _Mapping]]] = ..., io: _Optional[_Union[IOMetrics, _Mapping]] = ..., processes: _Optional[_Union[ProcessMetrics, _Mapping]] = ..., cloud: _Optional[_Union[CloudInfo, _Mapping]] = ..., jobs: _Optional[_Iterable[_Union[JobMetrics, _Mapping]]] = ...) -> None: ...

class SystemMetricsRes(_message.Message):
    __slots__ = ("timestamp", "host", "cpu", "memory", "disks", "networks", "io", "processes", "cloud", "jobs")
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    CPU_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    DISKS_FIELD_NUMBER: _ClassVar[int]
    NETWORKS_FIELD_NUMBER: _ClassVar[int]
    IO_FIELD_NUMBER: _ClassVar[int]
    PROCESSES_FIELD_NUMBER: _ClassVar[int]
    CLOUD_FIELD_NUMBER: _ClassVar[int]
    JOBS_FIELD_NUMBER: _ClassVar[int]
    timestamp: str
    host: HostInfo
    cpu: CPUMetrics
    memory: MemoryMetrics
    disks: _containers.RepeatedCompositeFieldContainer[DiskMetrics]
    networks: _containers.RepeatedCompositeFieldContainer[NetworkMetrics]
    io: IOMetrics
    processes: ProcessMetrics
    cloud: CloudInfo
    jobs: _containers.RepeatedCompositeFieldContainer[JobMetrics]
    def __init__(self, timestamp: _Optional[str] = ..., host: _Optional[_Union[HostInfo, _Mapping]] = ..., cpu: _Optional[_Union[CPUMetrics, _Mapping]] = ..., memory: _Optional[_Union[MemoryMetrics, _Mapping]] = ..., disks: _Optional[_Iterable[_Union[DiskMetrics, _Mapping]]] = ..., networks: _Optional[_Iterable[_Union[NetworkMetrics, _Mapping]]] = ..., io: _Optional[_Union[IOMetrics, _Mapping]] = ..., processes: _Optional[_Union[ProcessMetrics, _Mapping]] = ..., cloud: _Optional[_Union[CloudInfo, _Mapping]] = ..., jobs: _Optional[_Iterable[_Union[JobMetrics, _Mapping]]] = ...) -> None: ...

class StreamMetricsReq(_message.Message):
    __slots__ = ("intervalSeconds", "metricTypes")
    INTERVALSECONDS_FIELD_NUMBER: _ClassVar[int]
    METRICTYPES_FIELD_NUMBER: _ClassVar[int]
    intervalSeconds: int
    metricTypes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, intervalSeconds: _Optional[int] = ..., metricTypes: _Optional[_Iterable[str]] = ...) -> None: ...

class HostInfo(_message.Message):
    __slots__ = ("hostname", "os", "platform", "platformFamily", "platformVersion", "kernelVersion", "kernelArch", "architecture", "cpuCount", "totalMemory", "bootTime", "uptime")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    OS_FIELD_NUMBER: _ClassVar[int]
    PLATFORM_FIELD_NUMBER: _ClassVar[int]
    PLATFORMFAMILY_FIELD_NUMBER: _ClassVar[int]
    PLATFORMVERSION_FIELD_NUMBER: _ClassVar[int]
    KERNELVERSION_FIELD_NUMBER: _ClassVar[int]
    KERNELARCH_FIELD_NUMBER: _ClassVar[int]
    ARCHITECTURE_FIELD_NUMBER: _ClassVar[int]
    CPUCOUNT_FIELD_NUMBER: _ClassVar[int]
    TOTALMEMORY_FIELD_NUMBER: _ClassVar[int]
    BOOTTIME_FIELD_NUMBER: _ClassVar[int]
    UPTIME_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    os: str
    platform: str
    platformFamily: str
    platformVersion: str
    kernelVersion: str
    kernelArch: str
    architecture: str
    cpuCount: int
    totalMemory: int
    bootTime: str
    uptime: int
    def __init__(self, hostname: _Optional[str] = ..., os: _Optional[str] = ..., platform: _Optional[str] = ..., platformFamily: _Optional[str] = ..., platformVersion: _Optional[str] = ..., kernelVersion: _Optional[str] = ..., kernelArch: _Optional[str] = ..., architecture: _Optional[str] = ..., cpuCount: _Optional[int] = ..., totalMemory: _Optional[int] = ..., bootTime: _Optional[str] = ..., uptime: _Optional[int] = ...) -> None: ...

class CPUMetrics(_message.Message):
    __slots__ = ("cores", "usagePercent", "userTime", "systemTime", "idleTime", "ioWaitTime", "stealTime", "loadAverage", "perCoreUsage")
    CORES_FIELD_NUMBER: _ClassVar[int]
    USAGEPERCENT_FIELD_NUMBER: _ClassVar[int]
    USERTIME_FIELD_NUMBER: _ClassVar[int]
    SYSTEMTIME_FIELD_NUMBER: _ClassVar[int]
    IDLETIME_FIELD_NUMBER: _ClassVar[int]
    IOWAITTIME_FIELD_NUMBER: _ClassVar[int]
    STEALTIME_FIELD_NUMBER: _ClassVar[int]
    LOADAVERAGE_FIELD_NUMBER: _ClassVar[int]
    PERCOREUSAGE_FIELD_NUMBER: _ClassVar[int]
    cores: int
    usagePercent: float
    userTime: float
    systemTime: float
    idleTime: float
    ioWaitTime: float
    stealTime: float
    loadAverage: _containers.RepeatedScalarFieldContainer[float]
    perCoreUsage: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, cores: _Optional[int] = ..., usagePercent: _Optional[float] = ..., userTime: _Optional[float] = ..., systemTime: _Optional[float] = ..., idleTime: _Optional[float] = ..., ioWaitTime: _Optional[float] = ..., stealTime: _Optional[float] = ..., loadAverage: _Optional[_Iterable[float]] = ..., perCoreUsage: _Optional[_Iterable[float]] = ...) -> None: ...

class MemoryMetrics(_message.Message):
    __slots__ = ("totalBytes", "usedBytes", "freeBytes", "availableBytes", "usagePercent", "cachedBytes", "bufferedBytes", "swapTotal", "swapUsed", "swapFree")
    TOTALBYTES_FIELD_NUMBER: _ClassVar[int]
    USEDBYTES_FIELD_NUMBER: _ClassVar[int]
    FREEBYTES_FIELD_NUMBER: _ClassVar[int]
    AVAILABLEBYTES_FIELD_NUMBER: _ClassVar[int]
    USAGEPERCENT_FIELD_NUMBER: _ClassVar[int]
    CACHEDBYTES_FIELD_NUMBER: _ClassVar[int]
    BUFFEREDBYTES_FIELD_NUMBER: _ClassVar[int]
    SWAPTOTAL_FIELD_NUMBER: _ClassVar[int]
    SWAPUSED_FIELD_NUMBER: _ClassVar[int]
    SWAPFREE_FIELD_NUMBER: _ClassVar[int]
    totalBytes: int
    usedBytes: int
    freeBytes: int
    availableBytes: int
    usagePercent: float
    cachedBytes: int
    bufferedBytes: int
    swapTotal: int
    swapUsed: int
    swapFree: int
    def __init__(self, totalBytes: _Optional[int] = ..., usedBytes: _Optional[int] = ..., freeBytes: _Optional[int] = ..., availableBytes: _Optional[int] = ..., usagePercent: _Optional[float] = ..., cachedBytes: _Optional[int] = ..., bufferedBytes: _Optional[int] = ..., swapTotal: _Optional[int] = ..., swapUsed: _Optional[int] = ..., swapFree: _Optional[int] = ...) -> None: ...

class DiskMetrics(_message.Message):
    __slots__ = ("device", "mountPoint", "filesystem", "totalBytes", "usedBytes", "freeBytes", "usagePercent", "inodesTotal", "inodesUsed", "inodesFree", "inodesUsagePercent")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    MOUNTPOINT_FIELD_NUMBER: _ClassVar[int]
    FILESYSTEM_FIELD_NUMBER: _ClassVar[int]
    TOTALBYTES_FIELD_NUMBER: _ClassVar[int]
    USEDBYTES_FIELD_NUMBER: _ClassVar[int]
    FREEBYTES_FIELD_NUMBER: _ClassVar[int]
    USAGEPERCENT_FIELD_NUMBER: _ClassVar[int]
    INODESTOTAL_FIELD_NUMBER: _ClassVar[int]
    INODESUSED_FIELD_NUMBER: _ClassVar[int]
    INODESFREE_FIELD_NUMBER: _ClassVar[int]
    INODESUSAGEPERCENT_FIELD_NUMBER: _ClassVar[int]
    device: str
    mountPoint: str
    filesystem: str
    totalBytes: int
    usedBytes: int
    freeBytes: int
    usagePercent: float
    inodesTotal: int
    inodesUsed: int
    inodesFree: int
    inodesUsagePercent: float
    def __init__(self, device: _Optional[str] = ..., mountPoint: _Optional[str] = ..., filesystem: _Optional[str] = ..., totalBytes: _Optional[int] = ..., usedBytes: _Optional[int] = ..., freeBytes: _Optional[int] = ..., usagePercent: _Optional[float] = ..., inodesTotal: _Optional[int] = ..., inodesUsed: _Optional[int] = ..., inodesFree: _Optional[int] = ..., inodesUsagePercent: _Optional[float] = ...) -> None: ...

class NetworkMetrics(_message.Message):
    __slots__ = ("interface", "bytesReceived", "bytesSent", "packetsReceived", "packetsSent", "errorsIn", "errorsOut", "dropsIn", "dropsOut", "receiveRate", "transmitRate")
    INTERFACE_FIELD_NUMBER: _ClassVar[int]
    BYTESRECEIVED_FIELD_NUMBER: _ClassVar[int]
    BYTESSENT_FIELD_NUMBER: _ClassVar[int]
    PACKETSRECEIVED_FIELD_NUMBER: _ClassVar[int]
    PACKETSSENT_FIELD_NUMBER: _ClassVar[int]
    ERRORSIN_FIELD_NUMBER: _ClassVar[int]
    ERRORSOUT_FIELD_NUMBER: _ClassVar[int]
    DROPSIN_FIELD_NUMBER: _ClassVar[int]
    DROPSOUT_FIELD_NUMBER: _ClassVar[int]
    RECEIVERATE_FIELD_NUMBER: _ClassVar[int]
    TRANSMITRATE_FIELD_NUMBER: _ClassVar[int]
    interface: str
    bytesReceived: int
    bytesSent: int
    packetsReceived: int
    packetsSent: int
    errorsIn: int
    errorsOut: int
    dropsIn: int
    dropsOut: int
    receiveRate: float
    transmitRate: float
    def __init__(self, interface: _Optional[str] = ..., bytesReceived: _Optional[int] = ..., bytesSent: _Optional[int] = ..., packetsReceived: _Optional[int] = ..., packetsSent: _Optional[int] = ..., errorsIn: _Optional[int] = ..., errorsOut: _Optional[int] = ..., dropsIn: _Optional[int] = ..., dropsOut: _Optional[int] = ..., receiveRate: _Optional[float] = ..., transmitRate: _Optional[float] = ...) -> None: ...

class IOMetrics(_message.Message):
    __slots__ = ("totalReads", "totalWrites", "readBytes", "writeBytes", "readRate", "writeRate", "diskIO")
    TOTALREADS_FIELD_NUMBER: _ClassVar[int]
    TOTALWRITES_FIELD_NUMBER: _ClassVar[int]
    READBYTES_FIELD_NUMBER: _ClassVar[int]
    WRITEBYTES_FIELD_NUMBER: _ClassVar[int]
    READRATE_FIELD_NUMBER: _ClassVar[int]
    WRITERATE_FIELD_NUMBER: _ClassVar[int]
    DISKIO_FIELD_NUMBER: _ClassVar[int]
    totalReads: int
    totalWrites: int
    readBytes: int
    writeBytes: int
    readRate: float
    writeRate: float
    diskIO: _containers.RepeatedCompositeFieldContainer[DiskIOMetrics]
    def __init__(self, totalReads: _Optional[int] = ..., totalWrites: _Optional[int] = ..., readBytes: _Optional[int] = ..., writeBytes: _Optional[int] = ..., readRate: _Optional[float] = ..., writeRate: _Optional[float] = ..., diskIO: _Optional[_Iterable[_Union[DiskIOMetrics, _Mapping]]] = ...) -> None: ...

class DiskIOMetrics(_message.Message):
    __slots__ = ("device", "readsCompleted", "writesCompleted", "readBytes", "writeBytes", "readTime", "writeTime", "ioTime", "utilization")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    READSCOMPLETED_FIELD_NUMBER: _ClassVar[int]
    WRITESCOMPLETED_FIELD_NUMBER: _ClassVar[int]
    READBYTES_FIELD_NUMBER: _ClassVar[int]
    WRITEBYTES_FIELD_NUMBER: _ClassVar[int]
    READTIME_FIELD_NUMBER: _ClassVar[int]
    WRITETIME_FIELD_NUMBER: _ClassVar[int]
    IOTIME_FIELD_NUMBER: _ClassVar[int]
    UTILIZATION_FIELD_NUMBER: _ClassVar[int]
    device: str
    readsCompleted: int
    writesCompleted: int
    readBytes: int
    writeBytes: int
    readTime: int
    writeTime: int
    ioTime: int
    utilization: float
    def __init__(self, device: _Optional[str] = ..., readsCompleted: _Optional[int] = ..., writesCompleted: _Optional[int] = ..., readBytes: _Optional[int] = ..., writeBytes: _Optional[int] = ..., readTime: _Optional[int] = ..., writeTime: _Optional[int] = ..., ioTime: _Optional[int] = ..., utilization: _Optional[float] = ...) -> None: ...

class ProcessMetrics(_message.Message):
    __slots__ = ("totalProcesses", "runningProcesses", "sleepingProcesses", "stoppedProcesses", "zombieProcesses", "totalThreads", "topByCPU", "topByMemory")
    TOTALPROCESSES_FIELD_NUMBER: _ClassVar[int]
    RUNNINGPROCESSES_FIELD_NUMBER: _ClassVar[int]
    SLEEPINGPROCESSES_FIELD_NUMBER: _ClassVar[int]
    STOPPEDPROCESSES_FIELD_NUMBER: _ClassVar[int]
    ZOMBIEPROCESSES_FIELD_NUMBER: _ClassVar[int]
    TOTALTHREADS_FIELD_NUMBER: _ClassVar[int]
    TOPBYCPU_FIELD_NUMBER: _ClassVar[int]
    TOPBYMEMORY_FIELD_NUMBER: _ClassVar[int]
    totalProcesses: int
    runningProcesses: int
    sleepingProcesses: int
    stoppedProcesses: int
    zombieProcesses: int
    totalThreads: int
    topByCPU: _containers.RepeatedCompositeFieldContainer[ProcessInfo]
    topByMemory: _containers.RepeatedCompositeFieldContainer[ProcessInfo]
    def __init__(self, totalProcesses: _Optional[int] = ..., runningProcesses: _Optional[int] = ..., sleepingProcesses: _Optional[int] = ..., stoppedProcesses: _Optional[int] = ..., zombieProcesses: _Optional[int] = ..., totalThreads: _Optional[int] = ..., topByCPU: _Optional[_Iterable[_Union[ProcessInfo, _Mapping]]] = ..., topByMemory: _Optional[_Iterable[_Union[ProcessInfo, _Mapping]]] = ...) -> None: ...

class ProcessInfo(_message.Message):
    __slots__ = ("pid", "ppid", "name", "command", "cpuPercent", "memoryPercent", "memoryBytes", "status", "startTime", "user")
    PID_FIELD_NUMBER: _ClassVar[int]
    PPID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    CPUPERCENT_FIELD_NUMBER: _ClassVar[int]
    MEMORYPERCENT_FIELD_NUMBER: _ClassVar[int]
    MEMORYBYTES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTTIME_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    pid: int
    ppid: int
    name: str
    command: str
    cpuPercent: float
    memoryPercent: float
    memoryBytes: int
    status: str
    startTime: str
    user: str
    def __init__(self, pid: _Optional[int] = ..., ppid: _Optional[int] = ..., name: _Optional[str] = ..., command: _Optional[str] = ..., cpuPercent: _Optional[float] = ..., memoryPercent: _Optional[float] = ..., memoryBytes: _Optional[int] = ..., status: _Optional[str] = ..., startTime: _Optional[str] = ..., user: _Optional[str] = ...) -> None: ...

class CloudInfo(_message.Message):
    __slots__ = ("provider", "region", "zone", "instanceID", "instanceType", "hypervisorType", "metadata")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    INSTANCEID_FIELD_NUMBER: _ClassVar[int]
    INSTANCETYPE_FIELD_NUMBER: _ClassVar[int]
    HYPERVISORTYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    provider: str
    region: str
    zone: str
    instanceID: str
    instanceType: str
    hypervisorType: str
    metadata: _containers.ScalarMap[str, str]
    def __init__(self, provider: _Optional[str] = ..., region: _Optional[str] = ..., zone: _Optional[str] = ..., instanceID: _Optional[str] = ..., instanceType: _Optional[str] = ..., hypervisorType: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ...) -> None: ...

class JobMetrics(_message.Message):
    __slots__ = ("id", "name", "command", "cpuPercent", "memoryBytes", "memoryLimitBytes", "readRate", "writeRate", "outputRate", "startTime")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    CPUPERCENT_FIELD_NUMBER: _ClassVar[int]
    MEMORYBYTES_FIELD_NUMBER: _ClassVar[int]
    MEMORYLIMITBYTES_FIELD_NUMBER: _ClassVar[int]
    READRATE_FIELD_NUMBER: _ClassVar[int]
    WRITERATE_FIELD_NUMBER: _ClassVar[int]
    OUTPUTRATE_FIELD_NUMBER: _ClassVar[int]
    STARTTIME_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    command: str
    cpuPercent: float
    memoryBytes: int
    memoryLimitBytes: int
    readRate: float
    writeRate: float
    outputRate: float
    startTime: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., command: _Optional[str] = ..., cpuPercent: _Optional[float] = ..., memoryBytes: _Optional[int] = ..., memoryLimitBytes: _Optional[int] = ..., readRate: _Optional[float] = ..., writeRate: _Optional[float] = ..., outputRate: _Optional[float] = ..., startTime: _Optional[str] = ...) -> None: ...
