#include "agent/platform/wmi_object_windows.h"

#include <windows.h>
// After windows.h.
#include <objbase.h>
#include <oleauto.h>
#include <wbemidl.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "agent/platform/com_windows.h"
#include "core/base/concat.h"
#include "core/base/windows_text.h"

namespace hozen {
namespace {

constexpr size_t kMostProperties = 4096;
constexpr size_t kMostElements = 65'536;
constexpr size_t kMostTextUnits = size_t{1} << 19;  // 1 MiB of UTF-16
constexpr size_t kMostTextBytes = size_t{16} << 20;
constexpr int kMostDepth = 8;
constexpr VARTYPE kVariantTypeMask = 0x0FFF;

class Variant {
 public:
  Variant() { ::VariantInit(&variant_); }
  Variant(const Variant&) = delete;
  Variant& operator=(const Variant&) = delete;
  ~Variant() { ::VariantClear(&variant_); }
  VARIANT* get() { return &variant_; }
  const VARIANT& operator*() const { return variant_; }

 private:
  VARIANT variant_;
};

// Takes one object with all that is in it apart, within one budget.
class Taker {
 public:
  WmiObject Take(IWbemClassObject& object, int depth) {
    WmiObject taken;
    taken.class_name = SystemText(object, L"__CLASS");
    // An object within another has no place of its own.
    if (depth == 0) taken.path = SystemText(object, L"__PATH");
    const HRESULT begun = object.BeginEnumeration(WBEM_FLAG_NONSYSTEM_ONLY);
    if (FAILED(begun)) {
      taken.properties.push_back({.name = "", .value = {}, .problem = Words(begun)});
      return taken;
    }
    while (true) {
      ComText name;
      Variant value;
      CIMTYPE type = 0;
      const HRESULT next = object.Next(0, name.Receive(), value.get(), &type, nullptr);
      if (next == WBEM_S_NO_MORE_DATA) break;
      WmiProperty property;
      property.name = Wtf8OfWide(name.view());
      if (FAILED(next)) {
        property.problem = Words(next);
      } else if (properties_++ >= kMostProperties) {
        property.problem = Concat("the object has more than ", kMostProperties, " properties");
      } else {
        problem_.clear();
        property.value = ValueOf(*value, type, depth);
        property.problem = std::exchange(problem_, "");
      }
      used_bytes_ += property.name.size() + sizeof(property);
      const bool is_last = FAILED(next) || properties_ > kMostProperties;
      taken.properties.push_back(std::move(property));
      if (is_last) break;
    }
    object.EndEnumeration();
    taken.size_bytes = used_bytes_;
    return taken;
  }

 private:
  static std::string Words(HRESULT result) {
    return Concat("WMI did not give it (error 0x", absl::Hex(static_cast<uint32_t>(result), absl::kZeroPad8), ")");
  }

  std::string SystemText(IWbemClassObject& object, const wchar_t* name) {
    Variant value;
    if (FAILED(object.Get(name, 0, value.get(), nullptr, nullptr)) || (*value).vt != VT_BSTR) return "";
    return TextOf((*value).bstrVal);
  }

  std::string TextOf(BSTR text) {
    std::wstring_view units(text == nullptr ? L"" : text, text == nullptr ? 0 : ::SysStringLen(text));
    if (units.size() > kMostTextUnits) {
      problem_ = "only the first MiB of a text is here";
      units = units.substr(0, kMostTextUnits);
    }
    std::string bytes = Wtf8OfWide(units);
    used_bytes_ += bytes.size();
    if (used_bytes_ <= kMostTextBytes) return bytes;
    problem_ = "the object holds more than 16 MiB";
    used_bytes_ -= bytes.size();
    return "";
  }

  WmiValue ValueOf(const VARIANT& variant, CIMTYPE type, int depth) {
    if ((variant.vt & VT_ARRAY) != 0) return ArrayOf(variant, type & ~CIM_FLAG_ARRAY, depth);
    switch (variant.vt) {
      case VT_EMPTY:
      case VT_NULL:
        return {};
      case VT_BOOL:
        return {.is = variant.boolVal != VARIANT_FALSE};
      case VT_R4:
        return {.is = double{variant.fltVal}};
      case VT_R8:
        return {.is = variant.dblVal};
      case VT_BSTR:
        if (type == CIM_DATETIME) return {.is = WmiValue::Time{TextOf(variant.bstrVal)}};
        return {.is = TextOf(variant.bstrVal)};
      case VT_UNKNOWN:
      case VT_DISPATCH:
        return ObjectOf(variant.punkVal, depth);
      default:
        return NumberOf(variant, type);
    }
  }

  // Where COM's scripting languages know no unsigned numbers, their bits stand in signed ones.
  WmiValue NumberOf(const VARIANT& variant, CIMTYPE type) {
    const bool is_unsigned = type == CIM_UINT8 || type == CIM_UINT16 || type == CIM_UINT32 || type == CIM_UINT64;
    switch (variant.vt) {
      case VT_I1:
        return SmallOf(is_unsigned ? static_cast<uint8_t>(variant.cVal) : int64_t{variant.cVal}, type);
      case VT_UI1:
        return SmallOf(type == CIM_SINT8 ? static_cast<int8_t>(variant.bVal) : int64_t{variant.bVal}, type);
      case VT_I2:
        return SmallOf(is_unsigned || type == CIM_CHAR16 ? static_cast<uint16_t>(variant.iVal) : int64_t{variant.iVal},
                       type);
      case VT_UI2:
        return SmallOf(variant.uiVal, type);
      case VT_I4:
      case VT_INT:
        return SmallOf(is_unsigned ? static_cast<uint32_t>(variant.lVal) : int64_t{variant.lVal}, type);
      case VT_UI4:
      case VT_UINT:
        return SmallOf(variant.ulVal, type);
      case VT_I8:
        return {.is = is_unsigned ? Concat(static_cast<uint64_t>(variant.llVal)) : Concat(variant.llVal)};
      case VT_UI8:
        return {.is = Concat(variant.ullVal)};
      default:
        problem_ = Concat("its type is not known: ", variant.vt);
        return {};
    }
  }

  static WmiValue SmallOf(int64_t number, CIMTYPE type) {
    switch (type) {
      case CIM_CHAR16: {
        const auto unit = static_cast<wchar_t>(number);
        return {.is = Wtf8OfWide({&unit, 1})};
      }
      case CIM_BOOLEAN:
        return {.is = number != 0};
      case CIM_UINT64:
      case CIM_SINT64:
        return {.is = Concat(number)};
      default:
        return {.is = number};
    }
  }

  WmiValue ObjectOf(IUnknown* unknown, int depth) {
    ComPointer<IWbemClassObject> object;
    if (unknown == nullptr) return {};
    if (depth >= kMostDepth) {
      problem_ = "objects lie in each other too deep";
      return {};
    }
    if (const HRESULT asked = unknown->QueryInterface(IID_IWbemClassObject, object.ReceiveAny()); FAILED(asked)) {
      problem_ = Words(asked);
      return {};
    }
    // What is wrong within it is told there.
    std::string outer = std::exchange(problem_, "");
    auto taken = std::make_unique<WmiObject>(Take(*object.get(), depth + 1));
    problem_ = std::move(outer);
    return {.is = std::move(taken)};
  }

  WmiValue ArrayOf(const VARIANT& variant, CIMTYPE type, int depth) {
    SAFEARRAY* const array = (variant.vt & VT_BYREF) != 0 ? *variant.pparray : variant.parray;
    LONG first = 0;
    LONG last = -1;
    if (array == nullptr) return {};
    if (::SafeArrayGetDim(array) != 1 || FAILED(::SafeArrayGetLBound(array, 1, &first)) ||
        FAILED(::SafeArrayGetUBound(array, 1, &last))) {
      problem_ = "it is no list";
      return {};
    }
    std::vector<WmiValue> values;
    for (int64_t at = first; at <= last; ++at) {
      if (elements_++ >= kMostElements || used_bytes_ >= kMostTextBytes) {
        problem_ = Concat("only the first ", values.size(), " of ", int64_t{last} - first + 1, " elements are here");
        break;
      }
      Variant element;
      const VARTYPE base = variant.vt & kVariantTypeMask;
      auto index = static_cast<LONG>(at);
      if (base != VT_VARIANT) element.get()->vt = base;
      void* const where = base == VT_VARIANT ? static_cast<void*>(element.get()) : &element.get()->llVal;
      if (const HRESULT got = ::SafeArrayGetElement(array, &index, where); FAILED(got)) {
        element.get()->vt = VT_EMPTY;
        problem_ = Words(got);
        break;
      }
      used_bytes_ += sizeof(WmiValue);
      values.push_back(ValueOf(*element, type, depth));
    }
    return {.is = std::move(values)};
  }

  size_t properties_ = 0;
  size_t elements_ = 0;
  size_t used_bytes_ = 0;
  std::string problem_;  // of the property under way
};

}  // namespace

WmiObject WmiObjectOf(IWbemClassObject& object) { return Taker().Take(object, 0); }

}  // namespace hozen
